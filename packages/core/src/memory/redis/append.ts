/**
 * Appends a whole batch to a thread, or says why not, in one step of the server.
 *
 * What holds whatever happens around it: rows are numbered 1, 2, 3… by the header, never by a clock; an operation among
 * the newest `remembered` is answered from memory and stores nothing, so a script sent twice counts once; nothing is
 * written before every check has passed. All keys live in one cluster slot, and where threads have a lifetime none of a
 * thread's keys is ever without it.
 *
 * KEYS: stream, header, operations, index, texts.
 * ARGV: format version, operation, expected number or "", when it was written to (ms), remembered operations, index
 * member, id, title or "", folder or "", when it was begun (ms), parent or "", the parent's number, lifetime
 * (ms) or 0, then one JSON row each. Id, folder and parent come escaped; title, folder and parent with a leading "=" where they are given.
 * Answers { 1, number of the newest row } when stored now or before, { 0, number of the newest row } for a conflict,
 * and { 2, 0 }, with nothing stored, for a thread that must be made and was given no title.
 */
export const appendScript = `
local version, op, expect, now, remembered = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local header = redis.call('HMGET', KEYS[2], 'seq', 'updated', 'v')
local function number(text) return tonumber(text or '') or 0 end
if number(header[3]) > tonumber(version) then
  return redis.error_reply('NEWERFORMAT thread of format ' .. header[3])
end

local answered = redis.call('ZSCORE', KEYS[3], op)
if answered then return { 1, tonumber(answered) } end

local seq = number(header[1])
if seq == 0 then
  -- The header may have been evicted or damaged while the rows are still there: they keep their numbers.
  if redis.call('EXISTS', KEYS[1]) == 1 then
    local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
    if newest then seq = tonumber(string.match(newest[1], '^%d+')) end
  end
end
if expect ~= '' and tonumber(expect) ~= seq then return { 0, seq } end
if #ARGV < 14 then return { 1, seq } end
if not header[1] and ARGV[8] == '' then return { 2, 0 } end

for i = 14, #ARGV do
  seq = seq + 1
  redis.call('XADD', KEYS[1], string.format('%.0f-0', seq), 'm', ARGV[i])
end
local newest = string.format('%.0f', seq)
local updated = now
if number(header[2]) > tonumber(now) then updated = header[2] end
if header[1] then
  redis.call('HSET', KEYS[2], 'seq', newest, 'updated', updated)
else
  redis.call('HSET', KEYS[2], 'v', version, 'id', ARGV[7], 'seq', newest, 'created', ARGV[10], 'updated', updated,
    'title', string.sub(ARGV[8], 2), 'folder', ARGV[9])
  if ARGV[11] ~= '' then redis.call('HSET', KEYS[2], 'parent', string.sub(ARGV[11], 2), 'parentSeq', ARGV[12]) end
end
redis.call('ZADD', KEYS[3], newest, op)
redis.call('ZREMRANGEBYRANK', KEYS[3], 0, -1 - remembered)
redis.call('ZADD', KEYS[4], updated, ARGV[6])
local ttl = tonumber(ARGV[13])
if ttl > 0 then
  for _, key in ipairs({ KEYS[1], KEYS[2], KEYS[3], KEYS[5] }) do redis.call('PEXPIRE', key, ttl) end
  redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', string.format('%.0f', tonumber(now) - ttl))
end
return { 1, seq }
`;
