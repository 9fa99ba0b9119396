/**
 * The change feed, as functions.
 *
 * A write leaves its change without a number; numbers are given afterwards, by the next beat of any process. Numbers given
 * by the writes themselves would either not be in the order of the commits (a sequence: a reader that has seen 6 never sees
 * the 5 that commits later), or make every write wait for the fsync of the one before, for locks are held until the commit
 * is on the disk (16 writers here: 2200 writes a second without, 770 with a counter's row, 300 with an advisory lock or with
 * NOTIFY in the write), or hang on the oldest transaction of the whole server (the horizon of pg_snapshot: somebody's batch
 * job would hold up every sign-out).
 *
 * Why numbers given afterwards are in the order of the writes: where two writes meet, they meet at the lock of a row. The
 * second takes its `place` after the first was committed; so whoever sees the second sees the first, at a lower place.
 */
import { relaxed } from './postgres-tables.ts'

/** How far a process may be behind and still be told one by one. */
const mostAtOnce = 5000
const keptFor = '15 minutes'

/** The name of the channel that wakes those who follow the feed of a schema. */
export function channelOf(schema: string): string {
  return `holdfast ${schema}`.slice(0, 63)
}

/** The text as SQL writes it. */
function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

export function feedFunctions(s: string, schema: string): string {
  const channel = literal(channelOf(schema))
  return `
  -- One beat: numbers what has none, takes the confirmation, and answers with what follows the sender's position.
  -- The lock on the feed's row makes beats come one after the other; each statement after it sees what the beat before
  -- has numbered. They write nothing that is logged, so the lock is held for microseconds.
  -- NOTIFY only here: its commits come one after the other in the whole server, and must not wait for a disk.
  CREATE OR REPLACE FUNCTION ${s}.beat(
    p_replica uuid, p_beats bigint, p_seq bigint, p_mark uuid, p_gone uuid[], p_gone_beats bigint[]
  ) RETURNS json LANGUAGE plpgsql AS $$
  DECLARE f ${s}.feed; n bigint; v_confirmed bigint; v_entries json; v_others json;
  BEGIN ${relaxed}
    SELECT * INTO f FROM ${s}.feed FOR UPDATE;
    IF NOT FOUND THEN
      INSERT INTO ${s}.feed VALUES (true, clock_timestamp(), 0, gen_random_uuid()) ON CONFLICT DO NOTHING;
      SELECT * INTO f FROM ${s}.feed FOR UPDATE;
    END IF;

    WITH fresh AS MATERIALIZED (
      SELECT c.place, gen_random_uuid() AS mark FROM ${s}.changes AS c WHERE c.seq IS NULL
    ), numbered AS (
      SELECT place, mark, row_number() OVER (ORDER BY place) AS nth, lag(mark, 1, f.mark) OVER (ORDER BY place) AS previous
        FROM fresh
    )
    UPDATE ${s}.changes AS c SET seq = f.head + a.nth, mark = a.mark, previous = a.previous
      FROM numbered AS a WHERE c.place = a.place;
    GET DIAGNOSTICS n = ROW_COUNT;
    IF n > 0 THEN
      UPDATE ${s}.feed SET head = f.head + n, mark = (SELECT c.mark FROM ${s}.changes AS c WHERE c.seq = f.head + n)
        RETURNING * INTO f;
      PERFORM pg_notify(${channel}, 'numbered');
    END IF;

    -- The position is in this history if it is the head, or what follows it says so.
    IF (p_seq = f.head AND p_mark = f.mark) OR (f.head - p_seq <= ${mostAtOnce}
      AND EXISTS (SELECT FROM ${s}.changes AS c WHERE c.seq = p_seq + 1 AND c.previous = p_mark))
    THEN
      SELECT coalesce(json_agg(json_build_array(
          c.seq, c.mark, c.previous, c.kind, c.id, c.sid, c.owner, c.before, c.name, c.keys) ORDER BY c.seq), '[]')
        INTO v_entries FROM ${s}.changes AS c WHERE c.seq > p_seq;
    END IF;

    DELETE FROM ${s}.replicas AS r USING unnest(p_gone, p_gone_beats) AS g (replica, beats)
      WHERE r.replica = g.replica AND r.beats = g.beats;
    SELECT r.confirmed INTO v_confirmed FROM ${s}.replicas AS r WHERE r.replica = p_replica;
    INSERT INTO ${s}.replicas AS r (replica, beats, confirmed)
      VALUES (p_replica, p_beats, CASE WHEN v_entries IS NULL THEN 0 ELSE p_seq END)
      ON CONFLICT (replica) DO UPDATE SET beats = excluded.beats, confirmed = excluded.confirmed;
    SELECT json_agg(json_build_array(r.replica, r.beats, r.confirmed)) INTO v_others
      FROM ${s}.replicas AS r WHERE r.replica <> p_replica;
    IF v_others IS NOT NULL AND v_entries IS NOT NULL AND p_seq > coalesce(v_confirmed, 0) THEN
      PERFORM pg_notify(${channel}, 'confirmed');
    END IF;

    RETURN json_build_object(
      'seq', f.head, 'mark', f.mark, 'history', f.begun_at, 'entries', v_entries, 'others', coalesce(v_others, '[]'),
      'isYoung', clock_timestamp() < f.begun_at + interval '1 second');
  END $$;

  CREATE OR REPLACE FUNCTION ${s}.leave(p_replica uuid) RETURNS void LANGUAGE sql AS $$
    DELETE FROM ${s}.replicas WHERE replica = p_replica;
  $$;

  -- In the order of the places and a bounded number at once; SKIP LOCKED, as several processes do it.
  CREATE OR REPLACE FUNCTION ${s}.prune() RETURNS void LANGUAGE sql AS $$
    DELETE FROM ${s}.changes WHERE place = ANY (ARRAY (
      SELECT c.place FROM ${s}.changes AS c
        WHERE c.seq IS NOT NULL AND c.at < clock_timestamp() - interval '${keptFor}'
        ORDER BY c.place LIMIT ${mostAtOnce} FOR UPDATE SKIP LOCKED));
  $$;
  `
}
