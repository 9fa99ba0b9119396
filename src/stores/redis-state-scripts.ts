import { type RedisScript, redisScript } from './redis-script.ts'

const scope = `
local sid, name = ARGV[4], ARGV[5]
local isOwned = ARGV[3] == '1'
local key = P .. 'shared:' .. name
if isOwned then key = P .. 'state:' .. #sid .. ':' .. sid .. ':' .. name end
local function versionOf(found)
  if not found then return nil end
  return tonumber(string.sub(found, 1, string.find(found, ':', 1, true) - 1))
end
local function lengthOf(found)
  if not found then return 0 end
  return #found - string.find(found, ':', 1, true)
end`

/** ARGV: isOwned, sid, name, isAll, key… → key, version:value, … */
export const readStateScript: RedisScript = redisScript(`${scope}
if isOwned and not isLive(sid) then return {} end
local found = {}
if ARGV[6] == '1' then
  local fields = call('HGETALL', key)
  for i = 1, #fields, 2 do
    if string.sub(fields[i], 1, 1) == 'k' then
      found[#found + 1] = string.sub(fields[i], 2)
      found[#found + 1] = fields[i + 1]
    end
  end
  return found
end
for i = 7, #ARGV do
  local value = call('HGET', key, 'k' .. ARGV[i])
  if value then
    found[#found + 1] = ARGV[i]
    found[#found + 1] = value
  end
end
return found`)

/** ARGV: isOwned, sid, name, most bytes or '', then for each change: key, 'set' or 'delete', value, condition: '' for none, else a version or 'absent'. */
export const writeStateScript: RedisScript = redisScript(`${scope}
if isOwned and not isLive(sid) then return { 'gone' } end

local current, conflicts, told = {}, {}, {}
for i = 7, #ARGV, 4 do
  local k, condition = ARGV[i], ARGV[i + 3]
  if current[k] == nil then current[k] = call('HGET', key, 'k' .. k) end
  local version = versionOf(current[k])
  local isMet = condition == '' or tonumber(condition) == version
  if not isMet and not told[k] then
    told[k] = true
    conflicts[#conflicts + 1] = k
  end
end
if #conflicts > 0 then return { 'conflict', conflicts } end

local before = tonumber(call('HGET', key, 'b') or '0')
local last = {}
for i = 7, #ARGV, 4 do
  last[ARGV[i]] = 0
  if ARGV[i + 1] == 'set' then last[ARGV[i]] = #ARGV[i + 2] end
end
local after = before
for k, length in pairs(last) do after = after + length - lengthOf(current[k]) end
if ARGV[6] ~= '' and after > tonumber(ARGV[6]) and after > before then return { 'full', text(after) } end

local floor = tonumber(call('HGET', key, 'f') or '0')
local versions, order = {}, {}
for i = 7, #ARGV, 4 do
  local k = ARGV[i]
  local version = versionOf(current[k])
  local isSet = ARGV[i + 1] == 'set'
  if isSet or version then
    if not versions[k] then order[#order + 1] = k end
    local new = text((version or floor) + 1)
    versions[k] = new
    if isSet then
      current[k] = new .. ':' .. ARGV[i + 2]
      call('HSET', key, 'k' .. k, current[k])
    else
      current[k] = false
      floor = math.max(floor, tonumber(new))
      call('HDEL', key, 'k' .. k)
    end
  end
end
if #order == 0 then return { 'written', {} } end
call('HSET', key, 'f', text(floor), 'b', text(after))
local owner = cjson.null
if isOwned then
  owner = sid
  local absolute = tonumber(call('HGET', P .. 's:' .. sid, 'a'))
  call('SADD', P .. 'names:' .. sid, name)
  call('PEXPIRE', P .. 'names:' .. sid, ttl(absolute))
  call('PEXPIRE', key, ttl(absolute))
end
local answer = {}
for _, k in ipairs(order) do
  answer[#answer + 1] = k
  answer[#answer + 1] = versions[k]
end
return { 'written', answer, append({ kind = 'state', scope = { sid = owner, name = name }, keys = order }) }`)

/** ARGV: key, ttl. */
export const onceScript: RedisScript = redisScript(`
local key = P .. 'once:' .. ARGV[3]
local found = call('GET', key)
if found and tonumber(found) > now then return { 0 } end
local over = now + tonumber(ARGV[4])
call('SET', key, text(over), 'PX', ttl(over))
call('ZADD', P .. 'due', over, 'once:' .. ARGV[3])
return { 1 }`)

/** ARGV: key, window. */
export const hitScript: RedisScript = redisScript(`
local key = P .. 'hit:' .. ARGV[3]
local found = call('HMGET', key, 'until', 'count')
if found[1] and tonumber(found[1]) > now then return { call('HINCRBY', key, 'count', 1) } end
local over = now + tonumber(ARGV[4])
call('HSET', key, 'until', text(over), 'count', 1)
call('PEXPIRE', key, ttl(over))
call('ZADD', P .. 'due', over, 'hit:' .. ARGV[3])
return { 1 }`)

export const readKeyringScript: RedisScript = redisScript(
  `return call('HMGET', P .. 'keyring', 'version', 'box')`,
)

/** ARGV: version or '', box. */
export const writeKeyringScript: RedisScript = redisScript(`
local found = call('HGET', P .. 'keyring', 'version') or ''
if found ~= ARGV[3] then return { 0 } end
call('HSET', P .. 'keyring', 'version', text(tonumber(found == '' and '0' or found) + 1), 'box', ARGV[4])
return { 1 }`)

/** ARGV: limit. → how many, then id, sid, … of the claims that lie elsewhere. */
export const sweepScript: RedisScript = redisScript(`
local limit = tonumber(ARGV[3])
local removed, claims = 0, {}

local function sweepState(sid)
  for _, name in ipairs(call('SMEMBERS', P .. 'names:' .. sid)) do
    local key = P .. 'state:' .. #sid .. ':' .. sid .. ':' .. name
    for _, field in ipairs(call('HKEYS', key)) do
      if string.sub(field, 1, 1) == 'k' then
        if removed == limit then return false end
        call('HDEL', key, field)
        removed = removed + 1
      end
    end
    call('DEL', key)
    call('SREM', P .. 'names:' .. sid, name)
  end
  return true
end

local function unclaim(id, sid)
  call('DEL', P .. 'i:' .. id)
  claims[#claims + 1] = id
  claims[#claims + 1] = sid
  removed = removed + 1
end

local function sweepFamily(member)
  local sid = string.sub(member, 18)
  local family = P .. 's:' .. sid
  if not sweepState(sid) then return false end
  for _, field in ipairs(call('HKEYS', family)) do
    if string.sub(field, 1, 2) == 'n:' then
      if removed == limit then return false end
      call('HDEL', family, field)
      unclaim(string.sub(field, 3), sid)
    end
  end
  local found = call('HMGET', family, 'id', 'u')
  if found[1] then
    if removed == limit then return false end
    unclaim(found[1], sid)
    if found[2] then call('ZREM', P .. 'u:' .. found[2], sid) end
  end
  call('DEL', family)
  call('ZREM', P .. 'index', member)
  return true
end

for _, member in ipairs(call('ZRANGEBYLEX', P .. 'index', '-', '(' .. padded(now + 1), 'LIMIT', 0, limit)) do
  if not sweepFamily(member) then break end
end
for _, name in ipairs(call('ZRANGEBYSCORE', P .. 'due', '-inf', text(now), 'LIMIT', 0, limit - removed)) do
  call('DEL', P .. name)
  call('ZREM', P .. 'due', name)
  removed = removed + 1
end
return { removed, claims }`)
