import type { DatabaseSync } from 'node:sqlite'
import { firstMark } from './first-mark.ts'
import { isBusy, SqliteFaultError } from './sqlite-fault.ts'

// "Hold": tells our files from any other SQLite database (application_id, bytes 68–71 of the file).
const applicationId = 0x48_6f_6c_64

/**
 * How the tables came to be, step by step; `user_version` counts the steps a file has taken. Never change a step that
 * was released.
 *
 * sessions   live ones. Not WITHOUT ROWID: rows of 500 bytes and more in the interior of a random-keyed tree would make
 *            it twice as deep. A revoked row stays until `sweep` reaches it; every statement holds it against the epochs.
 * retired    ids that are no longer live, until the absolute deadline: the tombstones. `next` while the successor lives.
 * epochs     the number of a user's newest revocation, `before` which all that began is over, and when it was (`revoked_at`);
 *            epoch_of_all the one for everybody, and the newest number of all (`newest`).
 * scopes     who owns which state; `floor` is the highest version a deletion took, `bytes` the lengths of all its values,
 *            kept so that no write has to read the whole scope. entries: its keys and values.
 *            Those of an ended session wait under another owner until they are removed.
 * changes    the feed that every process follows by `seq`. Numbers are given without gaps, so a gap means pruned.
 */
const steps: readonly string[] = [
  `
  CREATE TABLE sessions (
    row INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    sid TEXT NOT NULL UNIQUE,
    user TEXT,
    created_at INTEGER NOT NULL,
    idle_at INTEGER NOT NULL,
    absolute_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    key BLOB NOT NULL,
    sealed BLOB NOT NULL
  ) STRICT;
  CREATE INDEX sessions_by_user ON sessions (user, created_at) WHERE user IS NOT NULL;
  CREATE INDEX sessions_by_deadline ON sessions (absolute_at);

  CREATE TABLE retired (
    id TEXT PRIMARY KEY,
    sid TEXT NOT NULL,
    absolute_at INTEGER NOT NULL,
    next TEXT,
    sealed_token BLOB,
    presented_at INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX retired_by_sid ON retired (sid);
  CREATE INDEX retired_by_next ON retired (next) WHERE next IS NOT NULL;
  CREATE INDEX retired_by_deadline ON retired (absolute_at);

  CREATE TABLE epochs (
    user TEXT PRIMARY KEY,
    before INTEGER NOT NULL,
    swept INTEGER NOT NULL DEFAULT 0
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX epochs_unswept ON epochs (user) WHERE swept = 0;
  CREATE TABLE epoch_of_all (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    before INTEGER NOT NULL,
    swept_to INTEGER
  ) STRICT;
  INSERT INTO epoch_of_all VALUES (1, 0, NULL);

  CREATE TABLE scopes (
    scope INTEGER PRIMARY KEY,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    floor INTEGER NOT NULL,
    UNIQUE (owner, name)
  ) STRICT;
  CREATE TABLE entries (
    row INTEGER PRIMARY KEY,
    scope INTEGER NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    value BLOB NOT NULL,
    UNIQUE (scope, key)
  ) STRICT;

  CREATE TABLE onces (key TEXT PRIMARY KEY, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX onces_by_deadline ON onces (until);
  CREATE TABLE hits (key TEXT PRIMARY KEY, until INTEGER NOT NULL, count INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX hits_by_deadline ON hits (until);

  CREATE TABLE keyring (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    version INTEGER NOT NULL,
    box BLOB NOT NULL
  ) STRICT;

  CREATE TABLE changes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    id TEXT,
    sid TEXT,
    user TEXT,
    before INTEGER,
    name TEXT,
    keys TEXT
  ) STRICT;

  CREATE TABLE health (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    written_at INTEGER NOT NULL,
    ballast BLOB NOT NULL
  ) STRICT;
  `,
  `
  ALTER TABLE scopes ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
  UPDATE scopes SET bytes = coalesce((SELECT sum(length(value)) FROM entries WHERE entries.scope = scopes.scope), 0);
  `,
  // What was there before bears no number: see first-mark.ts.
  `
  ALTER TABLE sessions ADD COLUMN begun INTEGER;
  ALTER TABLE epochs ADD COLUMN revoked_at INTEGER;
  ALTER TABLE epoch_of_all ADD COLUMN revoked_at INTEGER;
  ALTER TABLE epoch_of_all ADD COLUMN newest INTEGER NOT NULL DEFAULT ${firstMark};
  `,
]

/** Where a session `s` began among the revocations. */
export const begunOf: string = 'coalesce(s.begun, s.created_at)'

/**
 * Holds where a session `s` is revoked by no epoch. A part of every statement that treats a session as live; should the
 * row of `epoch_of_all` be lost, nothing is live.
 */
export const isUnrevoked: string = `(
  ${begunOf} >= (SELECT before FROM epoch_of_all WHERE only = 1)
  AND ${begunOf} >= coalesce((SELECT before FROM epochs WHERE epochs.user = s.user), ${begunOf})
)`

/** A parameter for bytes: Node 22 binds empty ones as NULL. */
export const bytesParameter = `coalesce(?, x'')`

/** The owner of a scope as a column holds it, so that no sid, not even an empty one, owns what is nobody's. */
export function ownerOf(sid: string | null): string {
  return sid === null ? 'nobody' : `sid:${sid}`
}

const openPatience = 5000
const pause = 5

/** How the owner of a scope begins once its session has ended: nobody reads it any more, and `sweep` removes it. */
export const cutOffOwner = 'ended:'

/** Brings a file to the current schema, or throws a `SqliteFaultError` that says why it cannot be used. */
export function prepareSchema(db: DatabaseSync, path: string): void {
  const until = performance.now() + openPatience
  for (;;) {
    try {
      // A foreign database must not even have its journal mode changed.
      const taken = stepsTaken(db, path)
      enterWal(db, path)
      return taken === steps.length ? undefined : migrate(db, path)
    } catch (error) {
      if (!isBusy(error) || performance.now() > until) throw error
    }
    // Several processes that start together on a new file: SQLite does not wait here as it does for a transaction.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pause)
  }
}

function migrate(db: DatabaseSync, path: string): void {
  db.exec('BEGIN IMMEDIATE')
  try {
    // Another process may have been first.
    for (const step of steps.slice(stepsTaken(db, path))) db.exec(step)
    db.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${steps.length}; COMMIT`)
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

function stepsTaken(db: DatabaseSync, path: string): number {
  const version = pragma(db, 'user_version')
  const isEmpty = db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined
  if (!isEmpty && pragma(db, 'application_id') !== applicationId) {
    throw new SqliteFaultError(
      'ERR_STORE_UNAVAILABLE',
      `SQLite store ${path}: this is the database of another program. Name a file of its own for the store.`,
    )
  }
  if (version > steps.length) {
    throw new SqliteFaultError(
      'ERR_STORE_UNAVAILABLE',
      `SQLite store ${path} was written by a newer Holdfast (schema ${version}; this one knows ${steps.length}). ` +
        'Update Holdfast, or name another file.',
    )
  }
  return version
}

function enterWal(db: DatabaseSync, path: string): void {
  if (db.prepare('PRAGMA journal_mode = WAL').get()?.journal_mode === 'wal') return
  throw new SqliteFaultError(
    'ERR_STORE_UNAVAILABLE',
    `SQLite store ${path}: its file system knows no shared memory (a network drive?). Name a file on a local disk.`,
  )
}

function pragma(db: DatabaseSync, name: string): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()?.[name])
}
