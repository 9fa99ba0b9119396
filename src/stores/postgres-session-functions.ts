/**
 * What is done to sessions, as functions: one statement, one transaction, one round trip for each call.
 *
 * All run under READ COMMITTED: each statement in a function sees what was committed before that statement began. Why
 * that is enough is said at each; where two calls meet, they meet at the lock of one row of `sessions`.
 */
import { begunOf, durable, instant, isUnrevoked, relaxed, removedAtOnce } from './postgres-tables.ts'

const columns = `s.id, s.sid, s.owner, ${begunOf}, s.created_at, s.idle_at, s.absolute_at, s.version, s.sealed, s.key`
const found = `
    id text, sid text, owner text, begun bigint, created_at bigint, idle_at bigint, absolute_at bigint, version integer,
    sealed bytea, key bytea`

export function sessionFunctions(s: string): string {
  const live = isUnrevoked(s)
  return `
  -- Writes first, looks afterwards. Looking first would leave a gap: while this waits for the transaction that ends the
  -- same id, a tombstone appears that the look did not see. The statement after the wait sees it. What an uncommitted
  -- insert that is taken back here holds up is another insert of the same id, which goes on as if it had not been.
  CREATE OR REPLACE FUNCTION ${s}.create_session(
    p_id text, p_sid text, p_owner text, p_begun bigint, p_created bigint, p_idle bigint, p_absolute bigint, p_version integer,
    p_sealed bytea, p_key bytea
  ) RETURNS text LANGUAGE plpgsql AS $$
  DECLARE answer text := 'created';
  BEGIN ${durable}
    INSERT INTO ${s}.sessions (id, sid, owner, begun, created_at, idle_at, absolute_at, version, sealed, key)
      VALUES (p_id, p_sid, p_owner, p_begun, p_created, p_idle, p_absolute, p_version, p_sealed, p_key)
      ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN RETURN 'ended'; END IF;
    IF EXISTS (SELECT FROM ${s}.retired AS r WHERE r.id = p_id OR r.sid = p_sid)
      OR EXISTS (SELECT FROM ${s}.leftovers AS l WHERE l.sid = p_sid) THEN answer := 'ended';
    ELSIF NOT EXISTS (SELECT FROM ${s}.sessions AS s WHERE s.sid = p_sid AND ${live}) THEN answer := 'revoked';
    END IF;
    IF answer <> 'created' THEN DELETE FROM ${s}.sessions AS s WHERE s.sid = p_sid; END IF;
    -- A standby that was promoted may not have the newest numbers, which processes remember: the next revocation's must lie
    -- above all that a session was begun with, or it would not end it.
    UPDATE ${s}.epoch_of_all AS a SET newest = p_begun WHERE a.newest < p_begun;
    RETURN answer;
  END $$;

  -- Under a lock of the user's own, so that those made at once come one after the other: each statement after the lock
  -- sees what the one before has committed. A hash that is another's too only makes somebody wait. What a revocation that
  -- is committed meanwhile ends counts as live here and is not: fewer than the limit are left, never more.
  CREATE OR REPLACE FUNCTION ${s}.create_limited_session(
    p_id text, p_sid text, p_owner text, p_begun bigint, p_created bigint, p_idle bigint, p_absolute bigint, p_version integer,
    p_sealed bytea, p_key bytea, p_most integer, p_refuses boolean, p_replacing text, p_now bigint
  ) RETURNS TABLE (answer text, has_ended boolean) LANGUAGE plpgsql AS $$
  #variable_conflict use_column
  DECLARE v_at bigint; v_excess bigint; v_sid text; v_free boolean;
  BEGIN ${durable}
    PERFORM pg_advisory_xact_lock(1215262821, hashtext('${s}' || p_owner));
    answer := ${s}.create_session(
      p_id, p_sid, p_owner, p_begun, p_created, p_idle, p_absolute, p_version, p_sealed, p_key);
    has_ended := false;
    IF answer <> 'created' THEN RETURN NEXT; RETURN; END IF;
    v_at := ${instant('p_now')};
    SELECT count(*) - p_most + 1 INTO v_excess FROM ${s}.sessions AS s
      WHERE s.owner = p_owner AND s.sid <> p_sid AND s.sid IS DISTINCT FROM p_replacing
        AND least(s.idle_at, s.absolute_at) > v_at AND ${live};
    IF v_excess > 0 AND p_refuses THEN
      DELETE FROM ${s}.sessions AS s WHERE s.sid = p_sid;
      answer := 'full';
      RETURN NEXT;
      RETURN;
    END IF;
    FOR v_sid, v_free IN
      SELECT s.sid, s.sid IS NOT DISTINCT FROM p_replacing OR least(s.idle_at, s.absolute_at) <= v_at
        FROM ${s}.sessions AS s WHERE s.owner = p_owner AND s.sid <> p_sid AND ${live} ORDER BY s.created_at, s.sid
    LOOP
      IF v_free THEN has_ended := ${s}.finish_session(v_sid, NULL) OR has_ended;
      ELSIF v_excess > 0 THEN
        v_excess := v_excess - 1;
        has_ended := ${s}.finish_session(v_sid, 'replaced') OR has_ended;
      END IF;
    END LOOP;
    RETURN NEXT;
  END $$;

  -- One statement, one snapshot: an id is found as live or as rotated, and never, in between two looks, as neither.
  CREATE OR REPLACE FUNCTION ${s}.find_session(p_id text) RETURNS TABLE (
    ${found}, next text, sealed_token bytea, presented_at bigint
  ) LANGUAGE plpgsql STABLE AS $$
  #variable_conflict use_column
  BEGIN
    RETURN QUERY
      SELECT ${columns}, NULL::text, NULL::bytea, NULL::bigint FROM ${s}.sessions AS s WHERE s.id = p_id AND ${live}
      UNION ALL
      SELECT ${columns}, r.next, r.sealed_token, r.presented_at
        FROM ${s}.retired AS r JOIN ${s}.sessions AS s ON s.sid = r.sid
        WHERE r.id = p_id AND r.next IS NOT NULL AND ${live};
  END $$;

  -- The row's lock decides: whoever waits for it finds the version moved on, or no row. The epochs are those of the
  -- statement's beginning; against a revocation that is committed meanwhile this counts as made before it, and as every
  -- read looks at the epochs again, nothing comes back to life.
  CREATE OR REPLACE FUNCTION ${s}.update_session(p_id text, p_version integer, p_sealed bytea)
  RETURNS boolean LANGUAGE plpgsql AS $$
  DECLARE v_sid text;
  BEGIN ${durable}
    UPDATE ${s}.sessions AS s SET sealed = p_sealed, version = s.version + 1
      WHERE s.id = p_id AND s.version = p_version AND ${live} RETURNING s.sid INTO v_sid;
    IF NOT FOUND THEN RETURN false; END IF;
    INSERT INTO ${s}.changes (kind, id, sid) VALUES ('changed', p_id, v_sid);
    RETURN true;
  END $$;

  -- One UPDATE under the row's lock; an earlier deadline writes nothing. The only write that may be lost in a crash. The
  -- second statement sees what was committed after the first looked: a session made or rotated in between does not
  -- count, for its deadline is not the one asked for.
  CREATE OR REPLACE FUNCTION ${s}.touch_session(p_id text, p_idle bigint) RETURNS boolean LANGUAGE plpgsql AS $$
  BEGIN ${relaxed}
    UPDATE ${s}.sessions AS s SET idle_at = p_idle WHERE s.id = p_id AND s.idle_at < p_idle AND ${live};
    RETURN FOUND OR EXISTS (SELECT FROM ${s}.sessions AS s WHERE s.id = p_id AND s.idle_at >= p_idle AND ${live});
  END $$;

  -- The row's lock decides between rotations, updates and ends. Whether the new id was used is asked after it was
  -- taken, for the reason given at create_session; the inner block undoes all of it where it was.
  CREATE OR REPLACE FUNCTION ${s}.rotate_session(
    p_id text, p_version integer, p_next text, p_sid text, p_owner text, p_created bigint, p_idle bigint,
    p_absolute bigint, p_next_version integer, p_sealed bytea, p_key bytea, p_token bytea
  ) RETURNS boolean LANGUAGE plpgsql AS $$
  BEGIN ${durable}
    IF p_next = p_id OR p_next_version <> p_version + 1 THEN RETURN false; END IF;
    BEGIN
      UPDATE ${s}.sessions AS s
        SET id = p_next, idle_at = p_idle, version = p_next_version, sealed = p_sealed, key = p_key
        WHERE s.id = p_id AND s.version = p_version AND s.sid = p_sid AND s.owner IS NOT DISTINCT FROM p_owner
          AND s.created_at = p_created AND s.absolute_at = p_absolute AND ${live};
      IF NOT FOUND THEN RETURN false; END IF;
      IF EXISTS (SELECT FROM ${s}.retired AS r WHERE r.id = p_next) THEN
        RAISE unique_violation;
      END IF;
      INSERT INTO ${s}.retired (id, sid, absolute_at, next, sealed_token)
        VALUES (p_id, p_sid, p_absolute, p_next, p_token);
      INSERT INTO ${s}.changes (kind, id, sid) VALUES ('changed', p_id, p_sid);
    EXCEPTION WHEN unique_violation THEN RETURN false;
    END;
    RETURN true;
  END $$;

  -- One UPDATE under the lock of the predecessor's row.
  CREATE OR REPLACE FUNCTION ${s}.present_session(p_id text, p_now bigint) RETURNS boolean LANGUAGE plpgsql AS $$
  BEGIN ${durable}
    UPDATE ${s}.retired AS r SET presented_at = ${instant('p_now')}
      WHERE r.next = p_id AND r.presented_at IS NULL
        AND EXISTS (SELECT FROM ${s}.sessions AS s WHERE s.sid = r.sid AND ${live});
    RETURN FOUND;
  END $$;

  -- The DELETE waits for whoever holds the row: a rotation, an update, a write of state (KEY SHARE). The statements
  -- after it see all that those have written. Whoever waits for the DELETE finds no row.
  CREATE OR REPLACE FUNCTION ${s}.finish_session(p_sid text, p_why text) RETURNS boolean LANGUAGE plpgsql AS $$
  DECLARE v_id text; v_absolute bigint; v_live boolean;
  BEGIN ${durable}
    DELETE FROM ${s}.sessions AS s WHERE s.sid = p_sid RETURNING s.id, s.absolute_at, ${live}
      INTO v_id, v_absolute, v_live;
    IF NOT FOUND THEN RETURN false; END IF;
    UPDATE ${s}.retired AS r SET next = NULL, sealed_token = NULL WHERE r.sid = p_sid AND r.next IS NOT NULL;
    INSERT INTO ${s}.retired (id, sid, absolute_at) VALUES (v_id, p_sid, v_absolute);
    -- To remove hundreds of megabytes takes seconds, and a sign-out must not wait for that.
    IF (SELECT coalesce(sum(octet_length(e.value)), 0) FROM ${s}.entries AS e WHERE e.owner = 'sid:' || p_sid)
      > ${removedAtOnce}
    THEN INSERT INTO ${s}.leftovers (sid) VALUES (p_sid) ON CONFLICT DO NOTHING;
    ELSE
      DELETE FROM ${s}.entries AS e WHERE e.owner = 'sid:' || p_sid;
      DELETE FROM ${s}.scopes AS c WHERE c.owner = 'sid:' || p_sid;
    END IF;
    IF v_live THEN INSERT INTO ${s}.changes (kind, id, sid, name) VALUES ('ended', v_id, p_sid, p_why); END IF;
    RETURN v_live;
  END $$;

  -- Where nothing is found, the commit that ended it may not have reached its standby: after a restart of the server it is
  -- seen all the same. Something is written, so that this answer comes after all that was committed before it.
  CREATE OR REPLACE FUNCTION ${s}.end_session(p_sid text) RETURNS boolean LANGUAGE plpgsql AS $$
  BEGIN
    IF ${s}.finish_session(p_sid, NULL) THEN RETURN true; END IF;
    PERFORM ${s}.prove();
    RETURN false;
  END $$;

  -- The number is taken under the lock of one row, which is held until the commit: whoever reads that a number was given
  -- reads what it has ended, too. It need not touch the sessions: see isUnrevoked.
  CREATE OR REPLACE FUNCTION ${s}.revoke(p_owner text, p_at bigint) RETURNS boolean LANGUAGE plpgsql AS $$
  DECLARE v_before bigint;
  BEGIN ${durable}
    UPDATE ${s}.epoch_of_all AS a SET newest = a.newest + 1 RETURNING a.newest INTO v_before;
    IF p_owner IS NULL THEN
      UPDATE ${s}.epoch_of_all AS a
        SET before = v_before, swept_to = '', revoked_at = greatest(p_at, coalesce(a.revoked_at, a.before));
    ELSE
      INSERT INTO ${s}.epochs AS e (owner, before, revoked_at) VALUES (p_owner, v_before, p_at)
        ON CONFLICT (owner) DO UPDATE SET before = excluded.before, swept = false,
          revoked_at = greatest(excluded.revoked_at, coalesce(e.revoked_at, e.before));
    END IF;
    INSERT INTO ${s}.changes (kind, owner, before) VALUES ('revoked', p_owner, v_before);
    RETURN true;
  END $$;

  CREATE OR REPLACE FUNCTION ${s}.mark(p_owner text) RETURNS TABLE (newest bigint, revoked_at bigint)
  LANGUAGE sql STABLE AS $$
    SELECT a.newest, greatest(
      coalesce(a.revoked_at, a.before),
      (SELECT coalesce(e.revoked_at, e.before) FROM ${s}.epochs AS e WHERE e.owner = p_owner))
      FROM ${s}.epoch_of_all AS a;
  $$;

  CREATE OR REPLACE FUNCTION ${s}.sessions_of(p_owner text) RETURNS TABLE (${found}) LANGUAGE plpgsql STABLE AS $$
  #variable_conflict use_column
  BEGIN
    RETURN QUERY SELECT ${columns} FROM ${s}.sessions AS s WHERE s.owner = p_owner AND ${live}
      ORDER BY s.created_at, s.sid;
  END $$;

  -- Pages by sid, which a rotation leaves as it is: a session is met once. Revoked ones are passed over, so a page may
  -- hold less than was asked for; the last column says where the next one begins.
  CREATE OR REPLACE FUNCTION ${s}.sessions_after(p_after text, p_limit integer)
  RETURNS TABLE (${found}, live boolean) LANGUAGE plpgsql STABLE AS $$
  #variable_conflict use_column
  BEGIN
    RETURN QUERY SELECT ${columns}, ${live} FROM ${s}.sessions AS s WHERE s.sid > p_after ORDER BY s.sid LIMIT p_limit;
  END $$;
  `
}
