/**
 * What the second version of the schema made of a database and its processes sent to it, word for word.
 */

/** Brings the tables of the first version to the second. */
export const secondStep: ReadonlyArray<string> = [
  `ALTER TABLE mcp_tasks ADD COLUMN name text, ADD COLUMN traceparent text, ADD COLUMN tracestate text, ADD COLUMN failure text, ADD COLUMN failure_stack text, ADD COLUMN replaced_by text`,
  `CREATE FUNCTION mcp_tasks_forget() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  new.name := NULL;
  new.traceparent := NULL;
  new.tracestate := NULL;
  new.failure := NULL;
  new.failure_stack := NULL;
  RETURN new;
END
$$`,
  `CREATE TRIGGER mcp_tasks_forget BEFORE UPDATE ON mcp_tasks FOR EACH ROW WHEN (old.incarnation <> new.incarnation AND new.replaced_by IS DISTINCT FROM new.incarnation) EXECUTE FUNCTION mcp_tasks_forget()`,
  `UPDATE mcp_schema SET version = 2`
]

/** Creates a task. Takes the values of the columns that it names, and the time. */
export const secondInsert =
  "WITH added AS (INSERT INTO mcp_tasks AS task (task_id, session_id, status, created_at, last_updated_at, " +
  "ttl, poll_interval, revision, result_kind, original_method, status_message, meta, incarnation, attempt, " +
  "lease_expires_at, name, traceparent, tracestate, failure, original_params, input_requests, input_responses, " +
  "request_state, input_keys, principal, steps, failure_stack, result) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, " +
  "$9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28) ON " +
  "CONFLICT (task_id) DO UPDATE SET session_id = excluded.session_id, status = excluded.status, created_at = " +
  "excluded.created_at, last_updated_at = excluded.last_updated_at, ttl = excluded.ttl, poll_interval = " +
  "excluded.poll_interval, revision = excluded.revision, result_kind = excluded.result_kind, original_method = " +
  "excluded.original_method, status_message = excluded.status_message, meta = excluded.meta, incarnation = " +
  "excluded.incarnation, attempt = excluded.attempt, lease_expires_at = excluded.lease_expires_at, name = " +
  "excluded.name, traceparent = excluded.traceparent, tracestate = excluded.tracestate, failure = " +
  "excluded.failure, original_params = excluded.original_params, input_requests = excluded.input_requests, " +
  "input_responses = excluded.input_responses, request_state = excluded.request_state, input_keys = " +
  "excluded.input_keys, principal = excluded.principal, steps = excluded.steps, failure_stack = " +
  "excluded.failure_stack, result = excluded.result, replaced_by = excluded.incarnation WHERE task.expires_at " +
  "<= $29 RETURNING task_id, xmax::text <> '0' AS replaced), messages AS (DELETE FROM mcp_messages WHERE queue " +
  "= ANY (ARRAY(SELECT task_id FROM added WHERE replaced))) SELECT 1 FROM added"

/** Lists free tasks. Takes the first and the last lease, the time, and how many. */
export const secondClaimable =
  "SELECT task_id, result_kind FROM mcp_tasks WHERE status = 'working' AND lease_expires_at >= $1 AND " +
  "lease_expires_at <= $2 AND (expires_at IS NULL OR expires_at > $3) ORDER BY lease_expires_at, task_id LIMIT " +
  "$4"

/** Takes the revision and the incarnation, the id and the time; then the time, the attempt and the lease. */
export const secondClaim =
  "WITH old AS MATERIALIZED (SELECT *, (revision = $1 AND incarnation = $2) AS permitted FROM mcp_tasks WHERE " +
  "task_id = $3 AND (expires_at IS NULL OR expires_at > $4) FOR NO KEY UPDATE), new AS (UPDATE mcp_tasks AS " +
  "task SET last_updated_at = $5, attempt = $6, lease_expires_at = $7, revision = task.revision + 1 FROM old " +
  "WHERE task.task_id = old.task_id AND old.permitted RETURNING task.*) SELECT task_id, session_id, status, " +
  "created_at, last_updated_at, ttl, poll_interval, revision, result_kind, original_method, status_message, " +
  "meta, incarnation, attempt, lease_expires_at, name, traceparent, tracestate, failure, original_params, " +
  "input_requests, input_responses, request_state, input_keys, principal, steps, failure_stack, result, 1 FROM " +
  "new UNION ALL SELECT task_id, session_id, status, created_at, last_updated_at, ttl, poll_interval, " +
  "revision, result_kind, original_method, status_message, meta, incarnation, attempt, lease_expires_at, name, " +
  "traceparent, tracestate, failure, original_params, input_requests, input_responses, request_state, " +
  "input_keys, principal, steps, failure_stack, result, 0 FROM old WHERE NOT old.permitted"

/** A heartbeat. Takes the attempt, the id and the time; then the lease. */
export const secondTouch =
  "WITH old AS MATERIALIZED (SELECT *, (status IN ('working', 'input_required') AND attempt = $1) AS permitted " +
  "FROM mcp_tasks WHERE task_id = $2 AND (expires_at IS NULL OR expires_at > $3) FOR NO KEY UPDATE), new AS " +
  "(UPDATE mcp_tasks AS task SET lease_expires_at = $4, revision = task.revision + 1 FROM old WHERE " +
  "task.task_id = old.task_id AND old.permitted RETURNING task.*) SELECT task_id, session_id, status, " +
  "created_at, last_updated_at, ttl, poll_interval, revision, result_kind, original_method, status_message, " +
  "meta, incarnation, attempt, lease_expires_at, name, traceparent, tracestate, failure, original_params, " +
  "input_requests, input_responses, request_state, input_keys, principal, steps, failure_stack, result, 1 FROM " +
  "new UNION ALL SELECT task_id, session_id, status, created_at, last_updated_at, ttl, poll_interval, " +
  "revision, result_kind, original_method, status_message, meta, incarnation, attempt, lease_expires_at, name, " +
  "traceparent, tracestate, failure, original_params, input_requests, input_responses, request_state, " +
  "input_keys, principal, steps, failure_stack, result, 0 FROM old WHERE NOT old.permitted"

/** Gives a task up, or ends its lease. Takes the attempt, the id and the time; then the time and the lease. */
export const secondRelease =
  "WITH old AS MATERIALIZED (SELECT *, (status IN ('working', 'input_required') AND attempt = $1) AS permitted " +
  "FROM mcp_tasks WHERE task_id = $2 AND (expires_at IS NULL OR expires_at > $3) FOR NO KEY UPDATE), new AS " +
  "(UPDATE mcp_tasks AS task SET last_updated_at = $4, lease_expires_at = $5, revision = task.revision + 1 " +
  "FROM old WHERE task.task_id = old.task_id AND old.permitted RETURNING task.*) SELECT task_id, session_id, " +
  "status, created_at, last_updated_at, ttl, poll_interval, revision, result_kind, original_method, " +
  "status_message, meta, incarnation, attempt, lease_expires_at, name, traceparent, tracestate, failure, " +
  "original_params, input_requests, input_responses, request_state, input_keys, principal, steps, " +
  "failure_stack, result, 1 FROM new UNION ALL SELECT task_id, session_id, status, created_at, " +
  "last_updated_at, ttl, poll_interval, revision, result_kind, original_method, status_message, meta, " +
  "incarnation, attempt, lease_expires_at, name, traceparent, tracestate, failure, original_params, " +
  "input_requests, input_responses, request_state, input_keys, principal, steps, failure_stack, result, 0 FROM " +
  "old WHERE NOT old.permitted"
