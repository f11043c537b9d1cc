/**
 * What release 0.1.0 made of a database and sent to it, word for word: the first version of the schema, of which there
 * are files and, during a deploy, processes.
 */

/** Makes the tables. */
export const firstSchema: ReadonlyArray<string> = [
  `CREATE TABLE mcp_schema (
  id INTEGER NOT NULL PRIMARY KEY,
  version INTEGER NOT NULL,
  compatible_with INTEGER NOT NULL
) STRICT`,
  `INSERT INTO mcp_schema (id, version, compatible_with) VALUES (1, 1, 1)`,
  `CREATE TABLE mcp_tasks (
  task_id TEXT NOT NULL PRIMARY KEY,
  session_id TEXT,
  status TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  last_updated_at INTEGER NOT NULL,
  active_updated_at INTEGER GENERATED ALWAYS AS (CASE WHEN status IN ('working', 'input_required') THEN last_updated_at END) STORED,
  ttl INTEGER,
  expires_at INTEGER GENERATED ALWAYS AS (created_at + ttl) STORED,
  poll_interval INTEGER,
  revision INTEGER NOT NULL,
  incarnation TEXT NOT NULL,
  result_kind TEXT,
  bytes INTEGER GENERATED ALWAYS AS (coalesce(octet_length(original_method), 0) + coalesce(octet_length(status_message), 0) + coalesce(octet_length(meta), 0) + coalesce(octet_length(original_params), 0) + coalesce(octet_length(input_requests), 0) + coalesce(octet_length(input_responses), 0) + coalesce(octet_length(request_state), 0) + coalesce(octet_length(result), 0)) STORED,
  original_method TEXT NOT NULL,
  status_message TEXT,
  meta TEXT,
  original_params TEXT,
  input_requests TEXT,
  input_responses TEXT,
  request_state TEXT,
  input_keys TEXT,
  result TEXT
) STRICT`,
  `CREATE INDEX mcp_tasks_by_creation ON mcp_tasks (created_at, task_id)`,
  `CREATE INDEX mcp_tasks_by_status ON mcp_tasks (status, created_at, task_id)`,
  `CREATE INDEX mcp_tasks_by_session ON mcp_tasks (session_id, created_at, task_id)`,
  `CREATE INDEX mcp_tasks_by_session_status ON mcp_tasks (session_id, status, created_at, task_id)`,
  `CREATE INDEX mcp_tasks_by_update ON mcp_tasks (status, active_updated_at, task_id) WHERE active_updated_at IS NOT NULL`,
  `CREATE INDEX mcp_tasks_by_expiry ON mcp_tasks (expires_at, task_id) WHERE expires_at IS NOT NULL`,
  `CREATE TABLE mcp_task_counts (session_id TEXT NOT NULL PRIMARY KEY, tasks INTEGER NOT NULL) STRICT, WITHOUT ROWID`,
  `CREATE TABLE mcp_messages (
  seq INTEGER PRIMARY KEY,
  queue TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT`,
  `CREATE INDEX mcp_messages_by_queue ON mcp_messages (queue, seq)`,
  `CREATE INDEX mcp_messages_by_expiry ON mcp_messages (expires_at)`
]

/** Counts for limits. */
export const firstTriggers: ReadonlyArray<string> = [
  `CREATE TRIGGER mcp_tasks_count_insert AFTER INSERT ON mcp_tasks BEGIN
  INSERT INTO mcp_task_counts (session_id, tasks) VALUES ('', 1)
    ON CONFLICT (session_id) DO UPDATE SET tasks = tasks + 1;
  INSERT INTO mcp_task_counts (session_id, tasks) SELECT new.session_id, 1 WHERE new.session_id IS NOT NULL
    ON CONFLICT (session_id) DO UPDATE SET tasks = tasks + 1;
END`,
  `CREATE TRIGGER mcp_tasks_count_delete AFTER DELETE ON mcp_tasks BEGIN
  UPDATE mcp_task_counts SET tasks = tasks - 1 WHERE session_id IN ('', old.session_id);
  DELETE FROM mcp_task_counts WHERE session_id = old.session_id AND tasks <= 0;
END`,
  `DELETE FROM mcp_task_counts`,
  `INSERT INTO mcp_task_counts (session_id, tasks) SELECT '', count(*) FROM mcp_tasks`,
  `INSERT INTO mcp_task_counts (session_id, tasks)
  SELECT session_id, count(*) FROM mcp_tasks WHERE session_id IS NOT NULL GROUP BY session_id`
]

/** Creates a task. Takes the values of the columns that it names. */
export const firstInsert =
  "INSERT INTO mcp_tasks (task_id, session_id, status, created_at, last_updated_at, ttl, poll_interval, revision, " +
  "result_kind, original_method, status_message, meta, incarnation, original_params, input_requests, " +
  "input_responses, request_state, input_keys, result) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, " +
  "?, ?) ON CONFLICT (task_id) DO NOTHING RETURNING 1"

/** Takes the status, the time, the kind, the requests and the JSON text of the result; then the id and the time. */
export const firstSettle =
  "UPDATE mcp_tasks SET status = ?, last_updated_at = ?, result_kind = ?, input_requests = ?, result = ?, " +
  "revision = mcp_tasks.revision + 1 WHERE task_id = ? AND (expires_at IS NULL OR expires_at > ?) AND status IN " +
  "('working', 'input_required') AND result IS NULL RETURNING task_id, session_id, status, created_at, " +
  "last_updated_at, ttl, poll_interval, revision, result_kind, original_method, status_message, meta, " +
  "incarnation, original_params, NULL AS input_requests, input_responses, request_state, input_keys, NULL AS " +
  "result"
