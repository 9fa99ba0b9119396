import { type RedisScript, redisScript } from './redis-script.ts'

/** ARGV: id, sid, absolute deadline. → its sid, or that of another that has claimed the id before. For clusters. */
export const claimScript: RedisScript = redisScript(`
local key = P .. 'i:' .. ARGV[3]
local sid = call('GET', key)
if sid then return { sid } end
call('SET', key, ARGV[4], 'PX', ttl(tonumber(ARGV[5])))
return { ARGV[4] }`)

/** ARGV: id. → the sid that has claimed it. For clusters. */
export const claimedScript: RedisScript = redisScript(`return call('GET', P .. 'i:' .. ARGV[3])`)

/** ARGV: id, sid, … Removes claims of ids that were swept away. For clusters. */
export const unclaimScript: RedisScript = redisScript(`
for i = 3, #ARGV, 2 do
  if call('GET', P .. 'i:' .. ARGV[i]) == ARGV[i + 1] then call('DEL', P .. 'i:' .. ARGV[i]) end
end
return { 1 }`)

/** Ends a live session, and says it to all. The first write frees memory: Redis lets such a script go on when it has none left. */
const finish = `
local function finish(sid, why)
  local family = P .. 's:' .. sid
  local fields = call('HGETALL', family)
  local tombstone = {}
  local id, user, absolute
  for i = 1, #fields, 2 do
    local name = fields[i]
    if name == 'id' then id = fields[i + 1]
    elseif name == 'u' then user = fields[i + 1]
    elseif name == 'a' then absolute = fields[i + 1]
    elseif string.sub(name, 1, 2) == 'n:' then
      tombstone[#tombstone + 1] = name
    end
  end
  call('DEL', family)
  call('HSET', family, 'a', absolute, 'n:' .. id, '')
  for _, name in ipairs(tombstone) do call('HSET', family, name, '') end
  call('PEXPIRE', family, ttl(tonumber(absolute)))
  if user then call('ZREM', P .. 'u:' .. user, sid) end
  for _, name in ipairs(call('SMEMBERS', P .. 'names:' .. sid)) do
    call('UNLINK', P .. 'state:' .. #sid .. ':' .. sid .. ':' .. name)
  end
  call('DEL', P .. 'names:' .. sid)
  return append({ kind = 'ended', id = id, sid = sid, why = why })
end`

/** The live sessions of a user, oldest first: those past a deadline, or that one takes the place of, apart from the others. */
const seats = `
local function seats(user, replacing)
  local free, taken = {}, {}
  for _, sid in ipairs(call('ZRANGE', P .. 'u:' .. user, 0, -1)) do
    local found = call('HMGET', P .. 's:' .. sid, 'i', 'a')
    if isLive(sid) then
      local isFree = sid == replacing or tonumber(found[1]) <= now or tonumber(found[2]) <= now
      table.insert(isFree and free or taken, sid)
    end
  end
  return free, taken
end`

/**
 * ARGV: isClaimed, isAnonymous, id, sid, user, created, idle, absolute, version, sealed, key, most or '', whenFull,
 * replacing, whether it needs a seat, begun. With `most` the user's other sessions must be in this bucket; elsewhere it needs a seat.
 */
export const createScript: RedisScript = redisScript(`${finish}${seats}
local id, sid, user, absolute, begun = ARGV[5], ARGV[6], ARGV[7], tonumber(ARGV[10]), tonumber(ARGV[18])
if ARGV[4] == '1' then user = nil end
local family = P .. 's:' .. sid
if call('EXISTS', family) == 1 then return { 'ended' } end
if ARGV[3] == '0' and call('EXISTS', P .. 'i:' .. id) == 1 then return { 'ended' } end
if isRevoked(begun, user) then return { 'revoked' } end
-- A number that was read from a primary which is lost since: no revocation may get it again.
raiseMark(begun)
local hasEnded = false
if user and ARGV[14] ~= '' then
  local free, taken = seats(user, ARGV[16])
  local excess = #taken - tonumber(ARGV[14]) + 1
  if excess > 0 and ARGV[15] == 'refuse' then return { 'full' } end
  for _, each in ipairs(free) do finish(each) end
  for i = 1, excess do finish(taken[i], 'replaced') end
  hasEnded = #free > 0 or excess > 0
end
call('HSET', family, 'id', id, 'c', ARGV[8], 'g', ARGV[18], 'i', ARGV[9], 'a', ARGV[10], 'v', ARGV[11], 'z', ARGV[12],
  'k', ARGV[13])
if ARGV[17] == '1' then call('HSET', family, 'l', '1') end
call('PEXPIRE', family, ttl(absolute))
if ARGV[3] == '0' then call('SET', P .. 'i:' .. id, sid, 'PX', ttl(absolute)) end
call('ZADD', P .. 'index', 0, padded(absolute) .. ':' .. sid)
if user then
  call('HSET', family, 'u', user)
  call('ZADD', P .. 'u:' .. user, ARGV[8], sid)
  keepUntil(P .. 'u:' .. user, absolute)
end
if hasEnded then return { 'created', newest() } end
return { 'created' }`)

/** ARGV: id, sid or ''. → { 'live', … } | { 'rotated', … } | nothing. */
export const readScript: RedisScript = redisScript(`
local id = ARGV[3]
local sid = sidOf(id, ARGV[4])
local family = P .. 's:' .. sid
local found = call('HMGET', family, 'id', 'u', 'c', 'i', 'a', 'v', 'z', 'k', 'n:' .. id, 't:' .. id, 'p:' .. id, 'g')
local begun = found[12] or found[3]
if not found[1] or isRevoked(tonumber(begun), found[2]) then return false end
if found[1] == id then
  return { 'live', id, sid, found[2], found[3], found[4], found[5], found[6], found[7], found[8], begun }
end
if not found[9] then return false end
return { 'rotated', found[9], found[10], found[11] }`)

/** ARGV: id, sid or '', version, sealed. */
export const updateScript: RedisScript = redisScript(`
local sid = sidOf(ARGV[3], ARGV[4])
local family = liveFamily(ARGV[3], sid, ARGV[5])
if not family then return { 0 } end
call('HSET', family, 'z', ARGV[6], 'v', text(tonumber(ARGV[5]) + 1))
return { 1, append({ kind = 'changed', id = ARGV[3], sid = sid }) }`)

/** ARGV: id, sid or '', idle deadline. */
export const touchScript: RedisScript = redisScript(`
local family = liveFamily(ARGV[3], sidOf(ARGV[3], ARGV[4]))
if not family then return { 0 } end
if tonumber(ARGV[5]) > tonumber(call('HGET', family, 'i')) then
  writeEvenWhenFull()
  call('HSET', family, 'i', ARGV[5])
end
return { 1 }`)

/** ARGV: isClaimed, old id, old sid or '', version, sealed token, isAnonymous, id, sid, user, created, idle, absolute, version, sealed, key. */
export const rotateScript: RedisScript = redisScript(`
local old, sid, id, user = ARGV[4], sidOf(ARGV[4], ARGV[5]), ARGV[9], ARGV[11]
if ARGV[8] == '1' then user = false end
local family = liveFamily(old, sid, ARGV[6])
if not family or sid ~= ARGV[10] or tonumber(ARGV[15]) ~= tonumber(ARGV[6]) + 1 then return { 0 } end
local found = call('HMGET', family, 'u', 'c', 'a', 'n:' .. id)
if found[1] ~= user or found[2] ~= ARGV[12] or found[3] ~= ARGV[14] or found[4] or id == old then return { 0 } end
if ARGV[3] == '0' then
  if call('EXISTS', P .. 'i:' .. id) == 1 then return { 0 } end
  call('SET', P .. 'i:' .. id, sid, 'PX', ttl(tonumber(ARGV[14])))
end
call('HSET', family, 'id', id, 'i', ARGV[13], 'v', ARGV[15], 'z', ARGV[16], 'k', ARGV[17],
  'n:' .. old, id, 't:' .. old, ARGV[7], 'b:' .. id, old)
return { 1, append({ kind = 'changed', id = old, sid = sid }) }`)

/** ARGV: id, sid or ''. */
export const presentScript: RedisScript = redisScript(`
local sid = sidOf(ARGV[3], ARGV[4])
local family = P .. 's:' .. sid
local before = call('HGET', family, 'b:' .. ARGV[3])
if not before or not isLive(sid) then return { 0 } end
writeEvenWhenFull()
return { call('HSETNX', family, 'p:' .. before, text(now)) }`)

/** ARGV: id, sid or ''. → whether there is something to present: nearly always it was presented before. */
export const isUnpresentedScript: RedisScript = redisScript(`
local family = P .. 's:' .. sidOf(ARGV[3], ARGV[4])
local before = call('HGET', family, 'b:' .. ARGV[3])
if not before then return { 0 } end
return { 1 - call('HEXISTS', family, 'p:' .. before) }`)

/** ARGV: sid, why or ''. */
export const endScript: RedisScript = redisScript(`${finish}
if not isLive(ARGV[3]) then return { 0, newest() } end
return { 1, finish(ARGV[3], ARGV[4] ~= '' and ARGV[4] or nil) }`)

/** ARGV: user or ''. → the newest number, and when the revocations were that cover the user. */
export const markScript: RedisScript = redisScript(`
local own = ARGV[3] ~= '' and (call('HGET', P .. 'ats', ARGV[3]) or call('HGET', P .. 'epochs', ARGV[3]))
return { text(newestMark()), call('GET', P .. 'at') or call('GET', P .. 'epoch') or '0', own or '0' }`)

/** ARGV: the newest number that any bucket knows of. → the next, taken: for clusters, where more than one bucket hears of it. */
export const takeNumberScript: RedisScript = redisScript(`
writeEvenWhenFull()
raiseMark(math.max(newestMark(), tonumber(ARGV[3])) + 1)
return { text(newestMark()) }`)

/** ARGV: a number that is known elsewhere. */
export const raiseMarkScript: RedisScript = redisScript(`
raiseMark(tonumber(ARGV[3]))
return { 1 }`)

/** ARGV: isAll, user, its number or '' for the next, when. */
export const revokeScript: RedisScript = redisScript(`
writeEvenWhenFull()
local isAll, user, at = ARGV[3] == '1', ARGV[4], tonumber(ARGV[6])
local before = tonumber(ARGV[5]) or newestMark() + 1
raiseMark(before)
local epoch = 'all'
if isAll then
  local last = call('GET', P .. 'at') or call('GET', P .. 'epoch') or '0'
  call('SET', P .. 'at', text(math.max(at, tonumber(last))))
  before = math.max(before, tonumber(call('GET', P .. 'epoch') or '0'))
  call('SET', P .. 'epoch', text(before))
else
  local last = call('HGET', P .. 'ats', user) or call('HGET', P .. 'epochs', user) or '0'
  call('HSET', P .. 'ats', user, text(math.max(at, tonumber(last))))
  before = math.max(before, tonumber(call('HGET', P .. 'epochs', user) or '0'))
  call('HSET', P .. 'epochs', user, text(before))
  epoch = { user = user }
end
return { 1, append({ kind = 'revoked', epoch = epoch, before = before }) }`)

const record = `
local function record(sid)
  local found = call('HMGET', P .. 's:' .. sid, 'id', 'u', 'c', 'i', 'a', 'v', 'z', 'k', 'g')
  local begun = found[9] or found[3]
  if not found[1] or isRevoked(tonumber(begun), found[2]) then return nil end
  return { 'live', found[1], sid, found[2], found[3], found[4], found[5], found[6], found[7], found[8], begun }
end`

/** ARGV: user. */
export const listScript: RedisScript = redisScript(`${record}
local rows = {}
for _, sid in ipairs(call('ZRANGE', P .. 'u:' .. ARGV[3], 0, -1)) do
  rows[#rows + 1] = record(sid)
end
return rows`)

/** ARGV: the last member of the page before, or ''. → { the last member of this one or '', rows }. */
export const scanScript: RedisScript = redisScript(`${record}
local from = '-'
if ARGV[3] ~= '' then from = '(' .. ARGV[3] end
local members = call('ZRANGEBYLEX', P .. 'index', from, '+', 'LIMIT', 0, 200)
local rows = {}
for _, member in ipairs(members) do rows[#rows + 1] = record(string.sub(member, 18)) end
return { #members == 200 and members[200] or '', rows }`)
