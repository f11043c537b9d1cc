/**
 * What the third version of the schema made of a database and its processes sent to it, word for word.
 */

/** Brings the tables of the second version to the third. */
export const thirdStep: ReadonlyArray<string> = [
  `PRAGMA legacy_alter_table = ON`,
  `ALTER TABLE mcp_tasks RENAME TO mcp_tasks_2`,
  `PRAGMA legacy_alter_table = OFF`,
  `DROP INDEX mcp_tasks_by_creation`,
  `DROP INDEX mcp_tasks_by_status`,
  `DROP INDEX mcp_tasks_by_session`,
  `DROP INDEX mcp_tasks_by_session_status`,
  `DROP INDEX mcp_tasks_by_update`,
  `DROP INDEX mcp_tasks_by_expiry`,
  `DROP INDEX mcp_tasks_by_lease`,
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
  attempt INTEGER NOT NULL DEFAULT 0,
  lease_expires_at INTEGER,
  name TEXT,
  traceparent TEXT,
  tracestate TEXT,
  result_kind TEXT,
  bytes INTEGER GENERATED ALWAYS AS (coalesce(octet_length(original_method), 0) + coalesce(octet_length(status_message), 0) + coalesce(octet_length(meta), 0) + coalesce(octet_length(original_params), 0) + coalesce(octet_length(input_requests), 0) + coalesce(octet_length(input_responses), 0) + coalesce(octet_length(request_state), 0) + coalesce(octet_length(result), 0) + coalesce(octet_length(principal), 0) + coalesce(octet_length(steps), 0)) STORED,
  original_method TEXT NOT NULL,
  status_message TEXT,
  meta TEXT,
  failure TEXT,
  original_params TEXT,
  input_requests TEXT,
  input_responses TEXT,
  request_state TEXT,
  input_keys TEXT,
  principal TEXT,
  steps TEXT,
  failure_stack TEXT,
  result TEXT
) STRICT`,
  `INSERT INTO mcp_tasks (task_id, session_id, status, created_at, last_updated_at, ttl, poll_interval, revision, incarnation, result_kind, original_method, status_message, meta, original_params, input_requests, input_responses, request_state, input_keys, result, attempt, lease_expires_at, principal, steps) SELECT task_id, session_id, status, created_at, last_updated_at, ttl, poll_interval, revision, incarnation, result_kind, original_method, status_message, meta, original_params, input_requests, input_responses, request_state, input_keys, result, attempt, lease_expires_at, principal, steps FROM mcp_tasks_2`,
  `DROP TABLE mcp_tasks_2`,
  `CREATE INDEX mcp_tasks_by_creation ON mcp_tasks (created_at, task_id)`,
  `CREATE INDEX mcp_tasks_by_status ON mcp_tasks (status, created_at, task_id)`,
  `CREATE INDEX mcp_tasks_by_session ON mcp_tasks (session_id, created_at, task_id)`,
  `CREATE INDEX mcp_tasks_by_session_status ON mcp_tasks (session_id, status, created_at, task_id)`,
  `CREATE INDEX mcp_tasks_by_update ON mcp_tasks (status, active_updated_at, task_id) WHERE active_updated_at IS NOT NULL`,
  `CREATE INDEX mcp_tasks_by_expiry ON mcp_tasks (expires_at, task_id) WHERE expires_at IS NOT NULL`,
  `CREATE INDEX mcp_tasks_by_lease ON mcp_tasks (status, lease_expires_at, task_id) WHERE status = 'working' AND lease_expires_at IS NOT NULL`,
  `UPDATE mcp_schema SET version = 3`
]

/** Creates a task. Takes the values of the columns that it names. */
export const thirdInsert =
  "INSERT INTO mcp_tasks (task_id, session_id, status, created_at, last_updated_at, ttl, poll_interval, " +
  "revision, result_kind, original_method, status_message, meta, incarnation, attempt, lease_expires_at, name, " +
  "traceparent, tracestate, failure, original_params, input_requests, input_responses, request_state, " +
  "input_keys, principal, steps, failure_stack, result) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, " +
  "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (task_id) DO NOTHING RETURNING 1"

/** Lists free tasks. Takes the first and the last lease, the time, and how many. */
export const thirdClaimable =
  "SELECT task_id, result_kind FROM mcp_tasks WHERE status = 'working' AND lease_expires_at >= ? AND " +
  "lease_expires_at <= ? AND (expires_at IS NULL OR expires_at > ?) ORDER BY lease_expires_at, task_id LIMIT ?"

/** Takes the time, the attempt and the lease; then the id, the time, the revision and the incarnation. */
export const thirdClaim =
  "UPDATE mcp_tasks SET last_updated_at = ?, attempt = ?, lease_expires_at = ?, revision = mcp_tasks.revision " +
  "+ 1 WHERE task_id = ? AND (expires_at IS NULL OR expires_at > ?) AND revision = ? AND incarnation = ? " +
  "RETURNING task_id, session_id, status, created_at, last_updated_at, ttl, poll_interval, revision, " +
  "result_kind, original_method, status_message, meta, incarnation, attempt, lease_expires_at, name, " +
  "traceparent, tracestate, failure, original_params, input_requests, input_responses, request_state, " +
  "input_keys, principal, steps, failure_stack, result"

/** A heartbeat. Takes the lease; then the id, the time and the attempt. */
export const thirdTouch =
  "UPDATE mcp_tasks SET lease_expires_at = ?, revision = mcp_tasks.revision + 1 WHERE task_id = ? AND " +
  "(expires_at IS NULL OR expires_at > ?) AND status IN ('working', 'input_required') AND attempt = ? " +
  "RETURNING task_id, session_id, status, created_at, last_updated_at, ttl, poll_interval, revision, " +
  "result_kind, original_method, status_message, meta, incarnation, attempt, lease_expires_at, name, " +
  "traceparent, tracestate, failure, original_params, input_requests, input_responses, request_state, " +
  "input_keys, principal, steps, failure_stack, result"

/** Gives a task up, or ends its lease. Takes the time and the lease; then the id, the time and the attempt. */
export const thirdRelease =
  "UPDATE mcp_tasks SET last_updated_at = ?, lease_expires_at = ?, revision = mcp_tasks.revision + 1 WHERE " +
  "task_id = ? AND (expires_at IS NULL OR expires_at > ?) AND status IN ('working', 'input_required') AND " +
  "attempt = ? RETURNING task_id, session_id, status, created_at, last_updated_at, ttl, poll_interval, " +
  "revision, result_kind, original_method, status_message, meta, incarnation, attempt, lease_expires_at, name, " +
  "traceparent, tracestate, failure, original_params, input_requests, input_responses, request_state, " +
  "input_keys, principal, steps, failure_stack, result"
