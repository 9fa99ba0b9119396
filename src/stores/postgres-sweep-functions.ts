/** What removes rows nobody needs any more, as functions. */
import { begunOf, durable, instant, relaxed, removedAtOnce } from './postgres-tables.ts'

// How many rows one sweep looks at for an epoch that covers everyone.
const looksAtMost = 2000
const epochsAtMost = 10
const leftoversAtMost = 8

/**
 * Every row is taken with SKIP LOCKED: a sweep waits for nobody, several at once take different rows, and who waits for a
 * row that a sweep holds waits for one bounded batch. Commits need not be on the disk: what comes back is swept again.
 */
export function sweepFunctions(s: string): string {
  const others = [
    ['retired', 'id', 'absolute_at'],
    ['onces', 'key', 'until'],
    ['hits', 'key', 'until'],
  ].map(
    ([table, key, deadline]) => `
    DELETE FROM ${s}.${table} WHERE ${key} = ANY (ARRAY (
      SELECT t.${key} FROM ${s}.${table} AS t WHERE t.${deadline} <= v_now
        ORDER BY t.${deadline} LIMIT p_limit - removed FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS n = ROW_COUNT;
    removed := removed + n;`,
  )
  return `
  -- Removes state of sessions that nobody writes to any more: at most p_limit entries, and at least one of them.
  CREATE OR REPLACE FUNCTION ${s}.discard_state(p_sids text[], p_limit integer)
  RETURNS integer LANGUAGE plpgsql AS $$
  DECLARE n integer;
  BEGIN
    DELETE FROM ${s}.entries WHERE ctid = ANY (ARRAY (
      SELECT a.ctid FROM (
        SELECT e.ctid, octet_length(e.value) AS own,
            sum(octet_length(e.value)) OVER (ORDER BY e.ctid) AS bytes
          FROM (
            SELECT ctid, value FROM ${s}.entries
              WHERE owner = ANY (ARRAY (SELECT 'sid:' || sid FROM unnest(p_sids) AS sid)) LIMIT p_limit
          ) AS e
      ) AS a WHERE a.bytes - a.own < ${removedAtOnce}));
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n;
  END $$;

  -- Removes sessions whose rows the caller has locked, their state first; at most p_limit rows. Nobody writes state of
  -- a session that is locked so. Tombstones where the sessions would still have had time to live.
  CREATE OR REPLACE FUNCTION ${s}.discard(p_sids text[], p_limit integer, p_bury boolean)
  RETURNS integer LANGUAGE plpgsql AS $$
  DECLARE removed integer := 0; n integer; v_sids text[];
  BEGIN
    IF cardinality(p_sids) = 0 OR p_limit <= 0 THEN RETURN 0; END IF;
    removed := ${s}.discard_state(p_sids, p_limit);
    -- Where there is more, the sessions go with the rest of it.
    IF EXISTS (SELECT FROM ${s}.entries AS e
      WHERE e.owner = ANY (ARRAY (SELECT 'sid:' || sid FROM unnest(p_sids) AS sid))) THEN RETURN removed;
    END IF;
    v_sids := p_sids[1 : p_limit - removed];
    IF cardinality(v_sids) = 0 THEN RETURN removed; END IF;
    DELETE FROM ${s}.scopes AS c WHERE c.owner = ANY (ARRAY (SELECT 'sid:' || sid FROM unnest(v_sids) AS sid));
    IF p_bury THEN
      UPDATE ${s}.retired AS r SET next = NULL, sealed_token = NULL WHERE r.sid = ANY (v_sids) AND r.next IS NOT NULL;
      INSERT INTO ${s}.retired (id, sid, absolute_at)
        SELECT s.id, s.sid, s.absolute_at FROM ${s}.sessions AS s WHERE s.sid = ANY (v_sids);
    END IF;
    DELETE FROM ${s}.sessions AS s WHERE s.sid = ANY (v_sids);
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN removed + n;
  END $$;

  CREATE OR REPLACE FUNCTION ${s}.sweep(p_limit integer, p_now bigint) RETURNS integer LANGUAGE plpgsql AS $$
  DECLARE
    v_now bigint := ${instant('p_now')}; removed integer := 0; n integer; v_epoch record; v_sids text[]; v_page text[];
  BEGIN ${relaxed}
    removed := ${s}.discard(ARRAY (
      SELECT s.sid FROM ${s}.sessions AS s WHERE s.absolute_at <= v_now
        ORDER BY s.absolute_at LIMIT p_limit FOR UPDATE SKIP LOCKED), p_limit, false);
    -- Before the tombstones, so that no new session of the same name finds it.
    FOR v_epoch IN SELECT l.sid FROM ${s}.leftovers AS l LIMIT ${leftoversAtMost} FOR UPDATE SKIP LOCKED LOOP
      EXIT WHEN removed >= p_limit;
      n := ${s}.discard_state(ARRAY[v_epoch.sid], p_limit - removed);
      removed := removed + n;
      CONTINUE WHEN EXISTS (SELECT FROM ${s}.entries AS e WHERE e.owner = 'sid:' || v_epoch.sid);
      DELETE FROM ${s}.scopes AS c WHERE c.owner = 'sid:' || v_epoch.sid;
      DELETE FROM ${s}.leftovers AS l WHERE l.sid = v_epoch.sid;
    END LOOP;
    ${others.join('')}

    FOR v_epoch IN SELECT e.owner, e.before FROM ${s}.epochs AS e WHERE NOT e.swept
      LIMIT ${epochsAtMost} FOR UPDATE SKIP LOCKED
    LOOP
      EXIT WHEN removed >= p_limit;
      -- The tombstones this leaves are part of what a revocation has promised.
      ${durable.trim()}
      removed := removed + ${s}.discard(ARRAY (
        SELECT s.sid FROM ${s}.sessions AS s WHERE s.owner = v_epoch.owner AND ${begunOf} < v_epoch.before
          LIMIT p_limit - removed FOR UPDATE SKIP LOCKED), p_limit - removed, true);
      -- A row that was skipped keeps the epoch open.
      UPDATE ${s}.epochs AS e SET swept = true WHERE e.owner = v_epoch.owner AND NOT EXISTS (
        SELECT FROM ${s}.sessions AS s WHERE s.owner = v_epoch.owner AND ${begunOf} < v_epoch.before);
    END LOOP;

    -- Sessions made after the epoch are never covered by it, so one walk through those that were there is enough. It goes
    -- on when nothing of the page is left: what is locked now is met again.
    SELECT a.before, a.swept_to INTO v_epoch FROM ${s}.epoch_of_all AS a WHERE a.swept_to IS NOT NULL
      FOR UPDATE SKIP LOCKED;
    IF FOUND AND removed < p_limit THEN
      ${durable.trim()}
      v_page := ARRAY (
        SELECT s.sid FROM ${s}.sessions AS s WHERE s.sid > v_epoch.swept_to ORDER BY s.sid LIMIT ${looksAtMost});
      v_sids := ARRAY (
        SELECT s.sid FROM ${s}.sessions AS s WHERE s.sid = ANY (v_page) AND ${begunOf} < v_epoch.before
          ORDER BY s.sid LIMIT p_limit - removed FOR UPDATE SKIP LOCKED);
      n := ${s}.discard(v_sids, p_limit - removed, true);
      removed := removed + n;
      IF cardinality(v_page) = 0 THEN UPDATE ${s}.epoch_of_all SET swept_to = NULL;
      ELSIF NOT EXISTS (SELECT FROM ${s}.sessions AS s WHERE s.sid = ANY (v_page) AND ${begunOf} < v_epoch.before)
      THEN UPDATE ${s}.epoch_of_all SET swept_to = v_page[cardinality(v_page)];
      END IF;
    END IF;
    RETURN removed;
  END $$;

  -- What is removed is over by two clocks: one that is wrong alone would sign everybody out for good.
  CREATE OR REPLACE FUNCTION ${s}.sweep_until(p_limit integer, p_now bigint, p_latest bigint)
  RETURNS integer LANGUAGE sql AS $$
    SELECT ${s}.sweep(p_limit, least(${instant('p_now')}, p_latest))
  $$;
  `
}
