-- What has to be one atomic step. KEYS[1] begins the name of every key, ARGV[1] names the step, and ARGV[2] is its request in JSON.
-- Numbers come as texts, since Lua would round them on the way back.

local prefix = KEYS[1]
local request = cjson.decode(ARGV[2])
local call = redis.call

local function at(...)
  return prefix .. table.concat({ ... })
end

local function taskKey(id)
  return at(':task:', id)
end

-- Lua compares texts by the locale, Redis by their bytes.
local function isBefore(left, right)
  for index = 1, math.min(#left, #right) do
    local one, other = string.byte(left, index), string.byte(right, index)
    if one ~= other then return one < other end
  end
  return #left < #right
end

-- Free tasks: a line for each kind and session, in the order of leases. What is not due yet waits apart.

local function lineOf(kind, session)
  return at(':line:', kind, '\1', session)
end

local function enter(kind, session, id, lease)
  call('ZADD', lineOf(kind, session), lease, id)
  call('ZADD', at(':sessions:', kind), 0, session)
  call('ZADD', at(':kinds'), 0, kind)
end

local function leave(kind, session, id)
  call('ZREM', at(':waiting'), id)
  if call('ZREM', lineOf(kind, session), id) == 0 or call('EXISTS', lineOf(kind, session)) == 1 then return end
  call('ZREM', at(':sessions:', kind), session)
  if call('EXISTS', at(':sessions:', kind)) == 0 then call('ZREM', at(':kinds'), kind) end
end

local function moveDue(freeBy)
  local due = call('ZRANGEBYSCORE', at(':waiting'), '-inf', freeBy, 'WITHSCORES')
  for index = 1, #due, 2 do
    local place = call('HMGET', taskKey(due[index]), 'kind', 'session')
    leave(place[1], place[2], due[index])
    enter(place[1], place[2], due[index], due[index + 1])
  end
end

local function isPaused(kind)
  local method, name = string.match(kind, '^(.-)\1(.*)$')
  local all, one = method .. ' *', method .. ' ' .. (name == '' and '-' or name)
  return call('HEXISTS', at(':pauses'), all) == 1 or call('HEXISTS', at(':pauses'), one) == 1
end

local function isLive(id, now)
  local ends = call('ZSCORE', at(':expiry:*'), id)
  return not ends or tonumber(ends) > tonumber(now)
end

local function firstInLine(kind, session, limit)
  local found, from = {}, 0
  repeat
    local ids = call('ZRANGEBYSCORE', lineOf(kind, session), '-inf', request.freeBy, 'LIMIT', from, limit)
    for _, id in ipairs(ids) do
      if isLive(id, request.now) and #found < limit then table.insert(found, id) end
    end
    from = from + limit
  until #found == limit or #ids < limit
  return found
end

-- Calls a function with members of a set in their order, from one bound to another, until it answers true.
local function walk(set, from, to, visit)
  repeat
    local members = call('ZRANGEBYLEX', set, from, to, 'LIMIT', 0, 100)
    for _, member in ipairs(members) do
      if visit(member) then return end
      from = '(' .. member
    end
  until #members < 100
end

-- Messages: the order of a queue, the texts, and when each ends, in its queue and over all.

local function dropMessage(queue, number)
  call('ZREM', at(':queue:', queue), number)
  call('HDEL', at(':bodies:', queue), number)
  call('ZREM', at(':ends:', queue), number)
  call('ZREM', at(':ends'), number .. ' ' .. queue)
end

local function sizeOf(queue)
  for _, number in ipairs(call('ZRANGEBYSCORE', at(':ends:', queue), '-inf', request.now)) do
    dropMessage(queue, number)
  end
  return call('ZCARD', at(':queue:', queue))
end

local function takeMessages(queue, last)
  sizeOf(queue)
  local bodies = {}
  for _, number in ipairs(call('ZRANGE', at(':queue:', queue), 0, last)) do
    table.insert(bodies, call('HGET', at(':bodies:', queue), number))
    dropMessage(queue, number)
  end
  return bodies
end

-- Workers.

local function tell(worker, news)
  if call('EXISTS', at(':worker:', worker)) == 1 then call('SADD', at(':news:', worker), news) end
end

local function tellAll(news)
  for _, worker in ipairs(call('ZRANGE', at(':alive'), 0, -1)) do tell(worker, news) end
end

local function die(worker, time)
  if call('ZREM', at(':alive'), worker) == 0 then return end
  call('HSET', at(':worker:', worker), 'diedAt', time)
  call('ZADD', at(':dead'), time, worker)
end

-- How many tasks there are in lists, expired ones included.
local function stored(lists)
  local sum = 0
  for _, list in ipairs(lists) do sum = sum + call('ZCARD', at(list)) end
  return sum
end

local changes = {
  add = function(key, score, member) call('ZADD', at(key), score, member) end,
  drop = function(key, member) call('ZREM', at(key), member) end,
  enter = enter,
  leave = leave,
  set = function(id, field, value) call('HSET', taskKey(id), field, value) end,
  unset = function(id, field) call('HDEL', taskKey(id), field) end,
  delete = function(id) call('DEL', taskKey(id)) end,
  silence = function(queue)
    for _, number in ipairs(call('ZRANGE', at(':queue:', queue), 0, -1)) do dropMessage(queue, number) end
  end,
  tell = tell
}

local steps = {}

-- Makes changes if the tasks are those that were read and no bound is reached.
function steps.commit()
  for _, expected in ipairs(request.expected) do
    if (call('HGET', taskKey(expected.id), 'version') or '') ~= expected.version then return 'changed' end
  end
  for _, bound in ipairs(request.bounds) do
    if stored(bound.lists) - bound.leaving >= bound.limit then return bound.scope end
  end
  for _, change in ipairs(request.changes) do changes[change[1]](change[2], change[3], change[4], change[5]) end
  return 'done'
end

function steps.count()
  return stored(request.lists) - call('ZCOUNT', at(':expiry:', request.scope), '-inf', request.now)
end

function steps.page()
  local members = {}
  for _, list in ipairs(request.lists) do
    local command = request.newest and 'ZREVRANGEBYLEX' or 'ZRANGEBYLEX'
    local from, to = request.from, request.to
    if request.newest then from, to = to, from end
    for _, member in ipairs(call(command, at(list), from, to, 'LIMIT', 0, request.limit)) do
      table.insert(members, member)
    end
  end
  table.sort(members, function(left, right)
    if request.newest then return isBefore(right, left) end
    return isBefore(left, right)
  end)
  local rows = {}
  for index = 1, math.min(#members, request.limit) do
    local id = string.sub(members[index], request.timeDigits + 1)
    table.insert(rows, request.whole and call('HGETALL', taskKey(id)) or { 'summary', call('HGET', taskKey(id), 'summary') })
  end
  return rows
end

function steps.freeKinds()
  moveDue(request.freeBy)
  local kinds = {}
  local function visit(kind)
    if isPaused(kind) then return false end
    walk(at(':sessions:', kind), '-', '+', function(session)
      local isFree = #firstInLine(kind, session, 1) > 0
      if isFree then table.insert(kinds, kind) end
      return isFree
    end)
    return #kinds >= request.limit
  end
  for _, range in ipairs(request.ranges) do
    if #kinds < request.limit then walk(at(':kinds'), range.from, range.to, visit) end
  end
  return kinds
end

function steps.free()
  if isPaused(request.kind) then return {} end
  moveDue(request.freeBy)
  local excepted, found = {}, {}
  for _, session in ipairs(request.except) do excepted[session] = true end
  walk(at(':sessions:', request.kind), request.behind and '(' .. request.behind or '-', '+', function(session)
    if excepted[session] then return false end
    local limit = math.min(request.perSession, request.limit - #found)
    for _, id in ipairs(firstInLine(request.kind, session, limit)) do
      table.insert(found, call('HGET', taskKey(id), 'summary'))
    end
    return #found >= request.limit
  end)
  return found
end

function steps.push()
  local size = sizeOf(request.queue)
  if request.maxSize and size >= request.maxSize then return size end
  local number = call('INCR', at(':messages'))
  call('ZADD', at(':queue:', request.queue), number, number)
  call('HSET', at(':bodies:', request.queue), number, request.body)
  call('ZADD', at(':ends:', request.queue), request.expiresAt, number)
  call('ZADD', at(':ends'), request.expiresAt, number .. ' ' .. request.queue)
  return 'pushed'
end

function steps.shift()
  return takeMessages(request.queue, 0)
end

function steps.drain()
  return takeMessages(request.queue, -1)
end

function steps.removeExpiredMessages()
  local ended = call('ZRANGEBYSCORE', at(':ends'), '-inf', request.now, 'LIMIT', 0, request.limit)
  for _, message in ipairs(ended) do
    local number, queue = string.match(message, '^(%d+) (.*)$')
    dropMessage(queue, number)
  end
  return #ended
end

function steps.insertWorker()
  for field, value in pairs(request.row) do call('HSET', at(':worker:', request.id), field, value) end
  call('ZADD', at(':workers'), 0, request.id)
  call('ZADD', at(':alive'), request.row.leaseExpiresAt, request.id)
  return 'done'
end

function steps.renewWorker()
  if not call('ZSCORE', at(':alive'), request.id) then return {} end
  call('ZADD', at(':alive'), request.leaseExpiresAt, request.id)
  call('HSET', at(':worker:', request.id), 'leaseExpiresAt', request.leaseExpiresAt)
  return call('HGETALL', at(':worker:', request.id))
end

function steps.declareDead()
  local dead = {}
  local late = call('ZRANGEBYSCORE', at(':alive'), '-inf', request.expiredBy, 'LIMIT', 0, request.limit + 1)
  for _, worker in ipairs(late) do
    if worker ~= request.except and #dead < request.limit then
      die(worker, request.time)
      table.insert(dead, worker)
    end
  end
  return dead
end

function steps.endWorker()
  die(request.id, request.time)
  return 'done'
end

function steps.listWorkers()
  local from = request.behind and '(' .. request.behind or '-'
  local found = {}
  for _, worker in ipairs(call('ZRANGEBYLEX', at(':workers'), from, '+', 'LIMIT', 0, request.limit)) do
    table.insert(found, { call('HGETALL', at(':worker:', worker)), call('ZCARD', at(':held:', worker)) })
  end
  return found
end

function steps.removeDead()
  local removed = 0
  for _, worker in ipairs(call('ZRANGEBYSCORE', at(':dead'), '-inf', '(' .. request.diedBefore)) do
    if removed < request.limit and call('EXISTS', at(':held:', worker)) == 0 then
      call('DEL', at(':worker:', worker), at(':news:', worker))
      call('ZREM', at(':workers'), worker)
      call('ZREM', at(':dead'), worker)
      removed = removed + 1
    end
  end
  return removed
end

function steps.takeNews()
  local news = call('SMEMBERS', at(':news:', request.id))
  call('DEL', at(':news:', request.id))
  return news
end

function steps.pause()
  call('HSETNX', at(':pauses'), request.kinds, request.pause)
  tellAll(request.news)
  return 'done'
end

function steps.resume()
  local removed = call('HDEL', at(':pauses'), request.kinds)
  tellAll(request.news)
  return removed
end

return steps[ARGV[1]]()
