/** What is done to state, counters and the keyring, as functions: one statement, one transaction, one round trip each. */
import { durable, instant, isUnrevoked, local } from './postgres-tables.ts'

export function stateFunctions(s: string): string {
  const live = isUnrevoked(s)
  return `
  -- One statement, one snapshot: both keys of a write or neither, and nothing of an owner that ended.
  CREATE OR REPLACE FUNCTION ${s}.read_state(p_sid text, p_owner text, p_name text, p_keys text[])
  RETURNS TABLE (key text, version bigint, value bytea) LANGUAGE plpgsql STABLE AS $$
  #variable_conflict use_column
  BEGIN
    IF p_sid IS NOT NULL AND NOT EXISTS (SELECT FROM ${s}.sessions AS s WHERE s.sid = p_sid AND ${live}) THEN RETURN;
    END IF;
    IF p_keys IS NULL THEN
      RETURN QUERY SELECT e.key, e.version, e.value FROM ${s}.entries AS e WHERE e.owner = p_owner AND e.name = p_name;
    ELSE
      RETURN QUERY SELECT e.key, e.version, e.value FROM ${s}.entries AS e
        WHERE e.owner = p_owner AND e.name = p_name AND e.key = ANY (p_keys);
    END IF;
  END $$;

  -- Two locks, always in this order. KEY SHARE on the owner: an end or a rotation waits for it, touches and updates do
  -- not; whoever waited for an end finds no row. Then the scope's row: writers of one scope come one after the other, and
  -- each statement after the lock sees what the one before has committed, so that conditions, versions and the sum of
  -- bytes are those of the moment.
  -- p_ifs: -1 for no condition, 0 for "absent", else the version.
  CREATE OR REPLACE FUNCTION ${s}.write_state(
    p_sid text, p_owner text, p_name text, p_keys text[], p_values bytea[], p_ifs bigint[], p_max bigint
  ) RETURNS TABLE (outcome text, keys text[], versions bigint[], bytes bigint) LANGUAGE plpgsql AS $$
  #variable_conflict use_column
  DECLARE
    v_floor bigint; v_keys text[]; v_versions bigint[] := '{}'; v_version bigint; v_before bigint; v_after bigint;
    v_written text[] := '{}'; i integer; at integer;
  BEGIN ${durable}
    IF p_sid IS NOT NULL THEN
      PERFORM FROM ${s}.sessions AS s WHERE s.sid = p_sid AND ${live} FOR KEY SHARE;
      IF NOT FOUND THEN RETURN QUERY SELECT 'gone', NULL::text[], NULL::bigint[], NULL::bigint; RETURN; END IF;
    END IF;
    IF cardinality(p_keys) > 0 THEN
      SELECT c.floor INTO v_floor FROM ${s}.scopes AS c WHERE c.owner = p_owner AND c.name = p_name FOR UPDATE;
      IF NOT FOUND THEN
        INSERT INTO ${s}.scopes (owner, name, floor) VALUES (p_owner, p_name, 0) ON CONFLICT DO NOTHING;
        SELECT c.floor INTO v_floor FROM ${s}.scopes AS c WHERE c.owner = p_owner AND c.name = p_name FOR UPDATE;
      END IF;
    END IF;

    SELECT array_agg(DISTINCT a.key) INTO v_keys FROM unnest(p_keys, p_ifs) AS a (key, needed)
      LEFT JOIN ${s}.entries AS e ON e.owner = p_owner AND e.name = p_name AND e.key = a.key
      WHERE a.needed >= 0 AND a.needed <> coalesce(e.version, 0);
    IF v_keys IS NOT NULL THEN
      RETURN QUERY SELECT 'conflict', v_keys, NULL::bigint[], NULL::bigint; RETURN;
    END IF;

    IF p_max IS NOT NULL THEN
      SELECT coalesce(sum(octet_length(e.value)), 0),
             coalesce(sum(octet_length(e.value)) FILTER (WHERE e.key <> ALL (p_keys)), 0)
        INTO v_before, v_after FROM ${s}.entries AS e WHERE e.owner = p_owner AND e.name = p_name;
      -- Of several operations on one key the last stays.
      SELECT v_after + coalesce(sum(octet_length(a.value)), 0) INTO v_after FROM (
        SELECT DISTINCT ON (a.key) a.value FROM unnest(p_keys, p_values) WITH ORDINALITY AS a (key, value, place)
          ORDER BY a.key, a.place DESC) AS a;
      IF v_after > p_max AND v_after > v_before THEN
        RETURN QUERY SELECT 'full', NULL::text[], NULL::bigint[], v_after; RETURN;
      END IF;
    END IF;

    FOR i IN 1 .. cardinality(p_keys) LOOP
      IF p_values[i] IS NULL THEN
        DELETE FROM ${s}.entries AS e WHERE e.owner = p_owner AND e.name = p_name AND e.key = p_keys[i]
          RETURNING e.version + 1 INTO v_version;
        CONTINUE WHEN NOT FOUND;
        IF v_version > v_floor THEN
          v_floor := v_version;
          UPDATE ${s}.scopes AS c SET floor = v_floor WHERE c.owner = p_owner AND c.name = p_name;
        END IF;
      ELSE
        INSERT INTO ${s}.entries AS e (owner, name, key, version, value)
          VALUES (p_owner, p_name, p_keys[i], v_floor + 1, p_values[i])
          ON CONFLICT (owner, name, key) DO UPDATE SET version = e.version + 1, value = excluded.value
          RETURNING e.version INTO v_version;
      END IF;
      at := array_position(v_written, p_keys[i]);
      IF at IS NULL THEN
        v_written := v_written || p_keys[i];
        v_versions := v_versions || v_version;
      ELSE v_versions[at] := v_version;
      END IF;
    END LOOP;
    IF cardinality(v_written) > 0 THEN
      INSERT INTO ${s}.changes (kind, sid, name, keys) VALUES ('state', p_sid, p_name, v_written);
    END IF;
    RETURN QUERY SELECT 'written', v_written, v_versions, NULL::bigint;
  END $$;

  -- One statement each: INSERT … ON CONFLICT locks the newest version of the row before it looks at it.
  CREATE OR REPLACE FUNCTION ${s}.take_once(p_key text, p_ttl bigint, p_now bigint)
  RETURNS boolean LANGUAGE plpgsql AS $$
  DECLARE v_now bigint := ${instant('p_now')};
  BEGIN ${durable}
    INSERT INTO ${s}.onces AS o (key, until) VALUES (p_key, v_now + p_ttl)
      ON CONFLICT (key) DO UPDATE SET until = excluded.until WHERE o.until <= v_now;
    RETURN FOUND;
  END $$;

  CREATE OR REPLACE FUNCTION ${s}.count_hit(p_key text, p_window bigint, p_now bigint)
  RETURNS bigint LANGUAGE plpgsql AS $$
  DECLARE v_now bigint := ${instant('p_now')}; v_count bigint;
  BEGIN ${local}
    INSERT INTO ${s}.hits AS h (key, until, count) VALUES (p_key, v_now + p_window, 1)
      ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN h.until <= v_now THEN 1 ELSE h.count + 1 END,
        until = CASE WHEN h.until <= v_now THEN excluded.until ELSE h.until END
      RETURNING h.count INTO v_count;
    RETURN v_count;
  END $$;

  CREATE OR REPLACE FUNCTION ${s}.read_keyring() RETURNS TABLE (version integer, box bytea) LANGUAGE sql STABLE AS $$
    SELECT k.version, k.box FROM ${s}.keyring AS k
  $$;

  -- One statement either way; the row's lock lets one writer of a version win.
  CREATE OR REPLACE FUNCTION ${s}.write_keyring(p_version integer, p_box bytea) RETURNS boolean LANGUAGE plpgsql AS $$
  BEGIN ${durable}
    IF p_version IS NULL THEN
      INSERT INTO ${s}.keyring (lone, version, box) VALUES (true, 1, p_box) ON CONFLICT DO NOTHING;
    ELSE
      UPDATE ${s}.keyring AS k SET version = k.version + 1, box = p_box WHERE k.version = p_version;
    END IF;
    RETURN FOUND;
  END $$;

  -- Proves that the database takes writes and confirms them.
  CREATE OR REPLACE FUNCTION ${s}.prove() RETURNS void LANGUAGE plpgsql AS $$
  BEGIN ${durable}
    INSERT INTO ${s}.health AS h (lone, written_at) VALUES (true, clock_timestamp())
      ON CONFLICT (lone) DO UPDATE SET written_at = excluded.written_at;
  END $$;
  `
}
