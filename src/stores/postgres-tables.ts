import { firstMark } from './first-mark.ts'

/**
 * The tables, and how they came to be, step by step; `version` counts the steps a schema has taken. Never change a step
 * that was released.
 *
 * sessions   live ones. Only touches leave the indexed columns alone, so that they update in place (fillfactor). A revoked
 *            row stays until `sweep` reaches it; every statement holds it against the epochs.
 * retired    ids that are no longer live, until the absolute deadline: the tombstones. `next` while the successor lives.
 * epochs     the number of a user's newest revocation, `before` which all that began is over, and when it was (`revoked_at`);
 *            epoch_of_all the one for everybody, and the newest number of all (`newest`).
 * scopes     whose state there is; `floor` is the highest version a deletion took. entries: the keys and values.
 *            leftovers: sessions that ended with more state than a sign-out can wait for; nobody reads it any more.
 * feed, changes, replicas: what every process follows. UNLOGGED: they cost no WAL, and after a crash or on a standby that
 *            took over they are empty. That is wanted: a new history is begun there, every process takes it for a gap, and
 *            nothing is acknowledged until all leases of the old one have run out. Durable ones would be worse, not better:
 *            after a failover they could tell of leases and numbers that are not those the processes know.
 */
export const steps: readonly ((schema: string) => string)[] = [
  (s) => `
  CREATE TABLE ${s}.sessions (
    sid text COLLATE "C" PRIMARY KEY,
    id text COLLATE "C" NOT NULL UNIQUE,
    owner text COLLATE "C",
    created_at bigint NOT NULL,
    idle_at bigint NOT NULL,
    absolute_at bigint NOT NULL,
    version integer NOT NULL,
    key bytea NOT NULL,
    sealed bytea NOT NULL
  ) WITH (fillfactor = 80);
  CREATE INDEX sessions_by_owner ON ${s}.sessions (owner, created_at) WHERE owner IS NOT NULL;
  CREATE INDEX sessions_by_deadline ON ${s}.sessions (absolute_at);

  CREATE TABLE ${s}.retired (
    id text COLLATE "C" PRIMARY KEY,
    sid text COLLATE "C" NOT NULL,
    absolute_at bigint NOT NULL,
    next text COLLATE "C",
    sealed_token bytea,
    presented_at bigint
  );
  CREATE INDEX retired_by_sid ON ${s}.retired (sid);
  CREATE INDEX retired_by_next ON ${s}.retired (next) WHERE next IS NOT NULL;
  CREATE INDEX retired_by_deadline ON ${s}.retired (absolute_at);

  CREATE TABLE ${s}.epochs (
    owner text COLLATE "C" PRIMARY KEY,
    before bigint NOT NULL,
    swept boolean NOT NULL DEFAULT false
  );
  CREATE INDEX epochs_unswept ON ${s}.epochs (owner) WHERE NOT swept;
  CREATE TABLE ${s}.epoch_of_all (
    lone boolean PRIMARY KEY CHECK (lone),
    before bigint NOT NULL,
    swept_to text COLLATE "C"
  );
  INSERT INTO ${s}.epoch_of_all VALUES (true, 0, NULL);

  CREATE TABLE ${s}.scopes (
    owner text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    floor bigint NOT NULL,
    PRIMARY KEY (owner, name)
  );
  CREATE TABLE ${s}.entries (
    owner text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    value bytea NOT NULL,
    PRIMARY KEY (owner, name, key)
  );
  CREATE TABLE ${s}.leftovers (sid text COLLATE "C" PRIMARY KEY);
  -- What is sealed does not compress: trying would cost as much as writing it.
  ALTER TABLE ${s}.entries ALTER value SET STORAGE EXTERNAL;

  CREATE TABLE ${s}.onces (key text COLLATE "C" PRIMARY KEY, until bigint NOT NULL);
  CREATE INDEX onces_by_deadline ON ${s}.onces (until);
  CREATE TABLE ${s}.hits (key text COLLATE "C" PRIMARY KEY, until bigint NOT NULL, count bigint NOT NULL);
  CREATE INDEX hits_by_deadline ON ${s}.hits (until);

  CREATE TABLE ${s}.keyring (
    lone boolean PRIMARY KEY CHECK (lone),
    version integer NOT NULL,
    box bytea NOT NULL
  );
  CREATE TABLE ${s}.health (lone boolean PRIMARY KEY CHECK (lone), written_at timestamptz NOT NULL);

  CREATE UNLOGGED TABLE ${s}.feed (
    lone boolean PRIMARY KEY CHECK (lone),
    begun_at timestamptz NOT NULL,
    head bigint NOT NULL,
    mark uuid NOT NULL
  );
  -- Nobody can have had a lease before there were tables.
  INSERT INTO ${s}.feed VALUES (true, '-infinity', 0, gen_random_uuid());
  -- Of its own, and logged: PostgreSQL 15 cannot read the sequence of an unlogged table on a standby that took over
  -- ("bad magic number in sequence").
  CREATE SEQUENCE ${s}.places;
  CREATE UNLOGGED TABLE ${s}.changes (
    place bigint PRIMARY KEY DEFAULT nextval('${s}.places'),
    seq bigint,
    mark uuid,
    previous uuid,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    kind text NOT NULL,
    id text,
    sid text,
    owner text,
    before bigint,
    name text,
    keys text[]
  );
  CREATE UNIQUE INDEX changes_by_seq ON ${s}.changes (seq) WHERE seq IS NOT NULL;
  CREATE INDEX changes_unnumbered ON ${s}.changes (place) WHERE seq IS NULL;
  CREATE UNLOGGED TABLE ${s}.replicas (
    replica uuid PRIMARY KEY,
    beats bigint NOT NULL,
    confirmed bigint NOT NULL
  );
  `,
  // What was there before bears no number: see first-mark.ts. A replica that is older than the numbers, and runs until it is
  // replaced, calls the functions it knows: what it creates begins now, and what it revokes ends all that began before.
  (s) => `
  ALTER TABLE ${s}.epochs ADD COLUMN revoked_at bigint;
  ALTER TABLE ${s}.epoch_of_all ADD COLUMN revoked_at bigint, ADD COLUMN newest bigint NOT NULL DEFAULT ${firstMark};
  ALTER TABLE ${s}.sessions ADD COLUMN begun bigint;
  CREATE FUNCTION ${s}.newest_revocation() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT newest FROM ${s}.epoch_of_all
  $$;
  ALTER TABLE ${s}.sessions ALTER begun SET DEFAULT ${s}.newest_revocation();
  CREATE OR REPLACE FUNCTION ${s}.revoke_before(p_owner text, p_before bigint) RETURNS boolean LANGUAGE plpgsql AS $$
  BEGIN RETURN ${s}.revoke(p_owner, p_before); END $$;
  `,
]

/** Where a session `s` began among the revocations. */
export const begunOf: string = 'coalesce(s.begun, s.created_at)'

/**
 * Holds where a session `s` is revoked by no epoch. A part of every statement that treats a session as live; should the
 * row of `epoch_of_all` be lost, nothing is live.
 *
 * This is what makes a revocation against a concurrent `create` harmless without a lock: whether `create` saw the epoch
 * or not, every read that starts after the epoch was committed does, and holds the row against it.
 */
export function isUnrevoked(s: string): string {
  return `(
    ${begunOf} >= (SELECT a.before FROM ${s}.epoch_of_all AS a WHERE a.lone)
    AND ${begunOf} >= coalesce((SELECT e.before FROM ${s}.epochs AS e WHERE e.owner = s.owner), ${begunOf})
  )`
}

/** How many bytes of state one call may remove: a hundredth of a second of work. */
export const removedAtOnce: number = 8 * 1024 * 1024

/** For the body of a function whose effect must be on the disk when it answers, whatever the server's default is. */
export const durable = `
    IF current_setting('synchronous_commit') = 'off' THEN
      PERFORM set_config('synchronous_commit', 'on', true);
    END IF;`

/**
 * For the body of a function whose effect outlives a crash of the server, and may be lost in a fail-over: who counts tries to
 * sign in must not wait for a standby, for strangers make them.
 */
export const local = `
    PERFORM set_config('synchronous_commit', 'local', true);`

/** For the body of a function whose effect may be lost when the server's machine crashes right after. */
export const relaxed = `
    PERFORM set_config('synchronous_commit', 'off', true);`

/** The instant an argument names, in milliseconds; the server's clock where it is null. */
export function instant(argument: string): string {
  return `coalesce(${argument}, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint)`
}
