/** Scripts: what Redis does in one step. */
import { createHash } from 'node:crypto'
import { firstMark } from './first-mark.ts'

/** A script under the name that Redis knows it by. */
export interface RedisScript {
  readonly sha: string
  readonly text: string
}

/**
 * What every script begins with. KEYS[1] is the prefix of its bucket: it names the slot, and no key of ours is called so.
 * That is why a cluster that is moving the slot answers ASK to every script, and is not asked: half of a session's keys
 * would be missing, and what is missing would be taken for ended. ARGV[1] is the time in tests, ARGV[2] random.
 *
 * s:<sid>      hash: a absolute deadline. While live: id, u user (absent: anonymous), c created, g begun (absent: before revocations had numbers), i idle deadline, v version,
 *              z sealed, k key. Of each retired id: n:<id> next, t:<id> sealed token, p:<id> presented at; b:<id> the id
 *              before it; l if it needs a seat. After the end only a and the n:<id>, empty: the tombstone.
 * i:<id>       the sid of an id that was ever used.
 * index        every s:<sid>, by absolute deadline and then sid: for sweeps and scans.
 * u:<user>     the sids of a user, by creation.
 * seats:<user> hash, in clusters: which of a user's sessions were let in under a limit, and when: the how many-eth. '#' the last.
 * epoch, epochs   the number of the newest revocation of everyone, and of each user: what began before it is over.
 * at, ats      when those were, by the clock of whoever revoked.
 * mark         the newest number; in a cluster the one in the bucket of that name counts.
 * names:<sid>  the state scopes of a session. state:…, shared:… a scope: hash of k<key> → version:value, f floor, b bytes.
 * once:…, hit:…, due   counters, and when each is over.
 * feed, log    the number and mark of the newest change; the changes themselves.
 * rows         who beats.
 * ping         that it can be written: nobody reads it.
 *
 * The TTLs are garbage collection, a day after the deadline that counts.
 */
const prologue = `
local P = KEYS[1]
local call = redis.call
local now = tonumber(ARGV[1])
if now == nil then
  local time = call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

local function text(number) return string.format('%.0f', number) end
local function ttl(deadline) return text(math.max(1, deadline - now) + 86400000) end
local function keepUntil(key, deadline)
  local t = ttl(deadline)
  if call('PTTL', key) < tonumber(t) then call('PEXPIRE', key, t) end
end

-- When its memory is full, Redis lets a script write that has written something before that needs none. For what ends
-- sessions, and for what keeps those who are in.
local function writeEvenWhenFull() call('DEL', P .. 'ping') end

local function append(change)
  local feed = call('HMGET', P .. 'feed', 'seq', 'mark')
  local seq = tonumber(feed[1] or '0') + 1
  local entry = cjson.encode({ seq, ARGV[2], feed[2] or '', change })
  call('XADD', P .. 'log', 'MAXLEN', '~', '10000', text(seq) .. '-0', 'e', entry)
  call('HSET', P .. 'feed', 'seq', text(seq), 'mark', ARGV[2])
  call('PUBLISH', P .. 'feed', entry)
  return { text(seq), entry, call('HGETALL', P .. 'rows') }
end
-- For an answer that rests on a change which another may not have been acknowledged yet.
local function newest()
  return { call('HGET', P .. 'feed', 'seq') or '0', '', call('HGETALL', P .. 'rows') }
end

local function newestMark() return tonumber(call('GET', P .. 'mark') or '${firstMark}') end
local function raiseMark(number)
  if number > newestMark() then call('SET', P .. 'mark', text(number)) end
end
local function isRevoked(begun, user)
  local all = call('GET', P .. 'epoch')
  if all and begun < tonumber(all) then return true end
  local own = user and call('HGET', P .. 'epochs', user)
  return own and begun < tonumber(own)
end
-- The sid may be known to the caller; an empty one is looked for here.
local function sidOf(id, sid)
  if sid ~= '' then return sid end
  return call('GET', P .. 'i:' .. id) or ''
end
local function isLive(sid)
  local found = call('HMGET', P .. 's:' .. sid, 'id', 'c', 'u', 'g')
  return found[1] and not isRevoked(tonumber(found[4] or found[2]), found[3])
end
-- The family of an id that is live; with its version, if one is given.
local function liveFamily(id, sid, version)
  local family = P .. 's:' .. sid
  local found = call('HMGET', family, 'id', 'c', 'u', 'v', 'g')
  if found[1] ~= id or isRevoked(tonumber(found[5] or found[2]), found[3]) then return nil end
  if version and found[4] ~= version then return nil end
  return family
end
local function padded(deadline) return string.format('%016.0f', deadline) end
`

/** A script of ours, with what all of them begin with. */
export function redisScript(body: string): RedisScript {
  const text = prologue + body
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}
