/**
 * What the first version of the schema made of a database and its processes sent to it, word for word: there are databases
 * of it and, during a deploy, processes.
 */

/** Makes the tables. */
export const firstSchema: ReadonlyArray<string> = [
  `CREATE TABLE mcp_schema (
  id integer NOT NULL PRIMARY KEY,
  version integer NOT NULL,
  compatible_with integer NOT NULL
)`,
  `INSERT INTO mcp_schema (id, version, compatible_with) VALUES (1, 1, 1)`,
  `CREATE TABLE mcp_tasks (
  task_id text COLLATE "C" NOT NULL PRIMARY KEY,
  session_id text COLLATE "C",
  status text COLLATE "C" NOT NULL,
  created_at bigint NOT NULL,
  last_updated_at bigint NOT NULL,
  active_updated_at bigint GENERATED ALWAYS AS (CASE WHEN status IN ('working', 'input_required') THEN last_updated_at END) STORED,
  ttl bigint,
  expires_at bigint GENERATED ALWAYS AS (created_at + ttl) STORED,
  poll_interval bigint,
  revision bigint NOT NULL,
  incarnation text NOT NULL,
  attempt bigint NOT NULL,
  lease_expires_at bigint,
  result_kind text,
  bytes bigint GENERATED ALWAYS AS (coalesce(octet_length(original_method), 0) + coalesce(octet_length(status_message), 0) + coalesce(octet_length(meta), 0) + coalesce(octet_length(original_params), 0) + coalesce(octet_length(input_requests), 0) + coalesce(octet_length(input_responses), 0) + coalesce(octet_length(request_state), 0) + coalesce(octet_length(principal), 0) + coalesce(octet_length(steps), 0) + coalesce(octet_length(result), 0)) STORED,
  original_method text NOT NULL,
  status_message text,
  meta text,
  original_params text,
  input_requests text,
  input_responses text,
  request_state text,
  input_keys text,
  principal text,
  steps text,
  result text
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05)`,
  `CREATE INDEX mcp_tasks_by_creation ON mcp_tasks (created_at, task_id)`,
  `CREATE INDEX mcp_tasks_by_status ON mcp_tasks (status, created_at, task_id)`,
  `CREATE INDEX mcp_tasks_by_session ON mcp_tasks (session_id, created_at, task_id)`,
  `CREATE INDEX mcp_tasks_by_session_status ON mcp_tasks (session_id, status, created_at, task_id)`,
  `CREATE INDEX mcp_tasks_by_update ON mcp_tasks (status, active_updated_at, task_id) WHERE active_updated_at IS NOT NULL`,
  `CREATE INDEX mcp_tasks_by_lease ON mcp_tasks (lease_expires_at, task_id) WHERE status = 'working' AND lease_expires_at IS NOT NULL`,
  `CREATE INDEX mcp_tasks_by_expiry ON mcp_tasks (expires_at, task_id) WHERE expires_at IS NOT NULL`,
  `CREATE TABLE mcp_task_counts (session_id text COLLATE "C" NOT NULL PRIMARY KEY, tasks bigint NOT NULL)`,
  `CREATE TABLE mcp_messages (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  queue text COLLATE "C" NOT NULL,
  expires_at bigint NOT NULL,
  body text NOT NULL
)`,
  `CREATE INDEX mcp_messages_by_queue ON mcp_messages (queue, seq)`,
  `CREATE INDEX mcp_messages_by_expiry ON mcp_messages (expires_at)`,
  `CREATE FUNCTION mcp_messages_push(
  in_queue text, in_expires_at bigint, in_body text, in_now bigint, in_max_size bigint
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  size bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('mcp_messages/' || in_queue, 0));
  IF current_setting('transaction_isolation') = 'repeatable read' THEN
    INSERT INTO mcp_task_counts (session_id, tasks) VALUES (E'\\n', 0) ON CONFLICT (session_id) DO UPDATE SET tasks = 0;
  END IF;
  SELECT count(*) INTO size FROM mcp_messages WHERE queue = in_queue AND expires_at > in_now;
  IF size >= in_max_size THEN
    RETURN size;
  END IF;
  INSERT INTO mcp_messages (queue, expires_at, body) VALUES (in_queue, in_expires_at, in_body);
  RETURN NULL;
END
$$`
]

/** Counts for limits. */
export const firstTriggers: ReadonlyArray<string> = [
  `LOCK TABLE mcp_tasks IN SHARE ROW EXCLUSIVE MODE`,
  `DELETE FROM mcp_task_counts`,
  `INSERT INTO mcp_task_counts (session_id, tasks) SELECT '', count(*) FROM mcp_tasks`,
  `INSERT INTO mcp_task_counts AS counted (session_id, tasks) SELECT session_id, count(*) FROM mcp_tasks WHERE session_id IS NOT NULL GROUP BY session_id ORDER BY session_id
  ON CONFLICT (session_id) DO UPDATE SET tasks = counted.tasks + excluded.tasks`,
  `CREATE FUNCTION mcp_tasks_count_lock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM mcp_task_counts WHERE session_id = '' FOR UPDATE;
  RETURN NULL;
END
$$`,
  `CREATE TRIGGER mcp_tasks_count_lock BEFORE INSERT OR DELETE ON mcp_tasks FOR EACH STATEMENT EXECUTE FUNCTION mcp_tasks_count_lock()`,
  `CREATE FUNCTION mcp_tasks_count_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE mcp_task_counts SET tasks = tasks + added.number
    FROM (SELECT count(*) AS number FROM added) AS added WHERE session_id = '' AND number > 0;
  INSERT INTO mcp_task_counts AS counted (session_id, tasks) SELECT session_id, count(*) FROM added WHERE session_id IS NOT NULL GROUP BY session_id ORDER BY session_id
  ON CONFLICT (session_id) DO UPDATE SET tasks = counted.tasks + excluded.tasks;
  RETURN NULL;
END
$$`,
  `CREATE TRIGGER mcp_tasks_count_insert AFTER INSERT ON mcp_tasks REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION mcp_tasks_count_insert()`,
  `CREATE FUNCTION mcp_tasks_count_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE mcp_task_counts SET tasks = tasks - removed.number
    FROM (SELECT count(*) AS number FROM removed) AS removed WHERE session_id = '' AND number > 0;
  INSERT INTO mcp_task_counts AS counted (session_id, tasks) SELECT session_id, -count(*) FROM removed WHERE session_id IS NOT NULL GROUP BY session_id ORDER BY session_id
  ON CONFLICT (session_id) DO UPDATE SET tasks = counted.tasks + excluded.tasks;
  DELETE FROM mcp_task_counts WHERE tasks <= 0 AND session_id <> '' AND session_id IN (SELECT session_id FROM removed);
  RETURN NULL;
END
$$`,
  `CREATE TRIGGER mcp_tasks_count_delete AFTER DELETE ON mcp_tasks REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION mcp_tasks_count_delete()`,
  `CREATE FUNCTION mcp_tasks_count_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO mcp_task_counts AS counted (session_id, tasks) SELECT new.session_id, 1 WHERE new.session_id IS NOT NULL
  ON CONFLICT (session_id) DO UPDATE SET tasks = counted.tasks + excluded.tasks;
  UPDATE mcp_task_counts SET tasks = tasks - 1 WHERE session_id = old.session_id;
  DELETE FROM mcp_task_counts WHERE tasks <= 0 AND session_id <> '' AND session_id = old.session_id;
  RETURN NULL;
END
$$`,
  `CREATE TRIGGER mcp_tasks_count_move AFTER UPDATE ON mcp_tasks FOR EACH ROW WHEN (old.session_id IS DISTINCT FROM new.session_id) EXECUTE FUNCTION mcp_tasks_count_move()`,
  `CREATE FUNCTION mcp_tasks_room(
  in_task_id text, in_session_id text, in_now bigint, in_max_tasks bigint, in_max_tasks_per_session bigint
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  taken record;
  freed bigint;
BEGIN
  PERFORM 1 FROM mcp_task_counts WHERE session_id = '' FOR UPDATE;
  SELECT session_id, expires_at INTO taken FROM mcp_tasks WHERE task_id = in_task_id;
  freed := CASE WHEN FOUND THEN 1 ELSE 0 END;
  IF FOUND AND (taken.expires_at IS NULL OR taken.expires_at > in_now) THEN
    RETURN 'taken';
  END IF;
  IF (SELECT tasks FROM mcp_task_counts WHERE session_id = '') - freed >= in_max_tasks THEN
    RETURN 'storage';
  END IF;
  IF freed = 1 AND taken.session_id IS DISTINCT FROM in_session_id THEN
    freed := 0;
  END IF;
  IF (SELECT tasks FROM mcp_task_counts WHERE session_id = in_session_id) - freed >= in_max_tasks_per_session THEN
    RETURN 'session';
  END IF;
  RETURN NULL;
END
$$`
]

/** Creates a task, in the row of an expired one too. Takes the values of the columns that it names, and the time. */
export const firstInsert =
  "INSERT INTO mcp_tasks AS task (task_id, session_id, status, created_at, last_updated_at, ttl, " +
  "poll_interval, revision, result_kind, original_method, status_message, meta, incarnation, attempt, " +
  "lease_expires_at, original_params, input_requests, input_responses, request_state, input_keys, principal, " +
  "steps, result) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, " +
  "$19, $20, $21, $22, $23) ON CONFLICT (task_id) DO UPDATE SET session_id = excluded.session_id, status = " +
  "excluded.status, created_at = excluded.created_at, last_updated_at = excluded.last_updated_at, ttl = " +
  "excluded.ttl, poll_interval = excluded.poll_interval, revision = excluded.revision, result_kind = " +
  "excluded.result_kind, original_method = excluded.original_method, status_message = excluded.status_message, " +
  "meta = excluded.meta, incarnation = excluded.incarnation, attempt = excluded.attempt, lease_expires_at = " +
  "excluded.lease_expires_at, original_params = excluded.original_params, input_requests = " +
  "excluded.input_requests, input_responses = excluded.input_responses, request_state = " +
  "excluded.request_state, input_keys = excluded.input_keys, principal = excluded.principal, steps = " +
  "excluded.steps, result = excluded.result WHERE task.expires_at <= $24 RETURNING 1"

/** Takes the id and the time; then the status, the time, the kind, the lease, the requests and the JSON text of the result. */
export const firstSettle =
  "WITH old AS MATERIALIZED (SELECT *, (status IN ('working', 'input_required') AND result IS NULL) AS " +
  "permitted FROM mcp_tasks WHERE task_id = $1 AND (expires_at IS NULL OR expires_at > $2) FOR NO KEY UPDATE), " +
  "new AS (UPDATE mcp_tasks AS task SET status = $3, last_updated_at = $4, result_kind = $5, lease_expires_at " +
  "= $6, input_requests = $7, result = $8, revision = task.revision + 1 FROM old WHERE task.task_id = " +
  "old.task_id AND old.permitted RETURNING task.*) SELECT task_id, session_id, status, created_at, " +
  "last_updated_at, ttl, poll_interval, revision, result_kind, original_method, status_message, meta, " +
  "incarnation, attempt, lease_expires_at, original_params, NULL AS input_requests, input_responses, " +
  "request_state, input_keys, principal, steps, NULL AS result, 1 FROM new UNION ALL SELECT task_id, " +
  "session_id, status, created_at, last_updated_at, ttl, poll_interval, revision, result_kind, " +
  "original_method, status_message, meta, incarnation, attempt, lease_expires_at, original_params, " +
  "input_requests, input_responses, request_state, input_keys, principal, steps, result, 0 FROM old WHERE NOT " +
  "old.permitted"
