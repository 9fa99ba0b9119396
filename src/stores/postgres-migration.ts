import { ConfigError, StoreError } from '../core/errors.ts'
import type { PostgresAddress } from './postgres-address.ts'
import type { PostgresConnection } from './postgres-connection.ts'
import { feedFunctions } from './postgres-feed-functions.ts'
import { sessionFunctions } from './postgres-session-functions.ts'
import { stateFunctions } from './postgres-state-functions.ts'
import { sweepFunctions } from './postgres-sweep-functions.ts'
import { steps } from './postgres-tables.ts'

const oldestServer = 130_000
const patience = 20_000

// Whose functions are in the schema: written anew wherever this number is higher. Functions that an older Holdfast calls
// must go on being there and mean the same, for while replicas are replaced one by one both run.
const functions = 5

/**
 * Makes or migrates the schema. Several processes may start at once: one does it, under a lock, the others wait. Throws
 * `ConfigError` or `StoreError` for what will not pass by itself, else what the connection said.
 */
export async function prepareSchema(connection: PostgresConnection, address: PostgresAddress): Promise<void> {
  const { schema, name } = address
  const ask = async (text: string, values: readonly unknown[] = []) =>
    (await connection.query(text, values, patience))[0] ?? []
  try {
    const [server] = await ask(`SELECT current_setting('server_version_num')::int`)
    if (Number(server) < oldestServer) {
      const message = `Postgres store ${name}: the server is version ${Math.floor(Number(server) / 10_000)}; 13 is the oldest that will do.`
      throw new ConfigError('ERR_CONFIG_INVALID', message)
    }
    if (!(await isUpToDate())) await migrate()
    await requireRights()
  } catch (error) {
    if (error instanceof ConfigError || error instanceof StoreError) throw error
    throw await explained(error)
  }

  async function isUpToDate(): Promise<boolean> {
    const [has] = await ask('SELECT to_regclass($1) IS NOT NULL', [`"${schema}".version`])
    if (has !== true) return false
    const [taken, written] = await ask(`SELECT steps, functions FROM "${schema}".version`)
    if (Number(taken) > steps.length) {
      const message =
        `Postgres store ${name}, schema ${schema}: written by a newer Holdfast (${taken} steps; this one knows ` +
        `${steps.length}). Update Holdfast, or name another schema.`
      throw new StoreError('ERR_STORE_UNAVAILABLE', message)
    }
    return Number(taken) === steps.length && Number(written) >= functions
  }

  async function migrate(): Promise<void> {
    const s = `"${schema}"`
    await ask('BEGIN')
    try {
      await ask('SET LOCAL statement_timeout = 20000')
      // Held until the commit. The number is ours: the name of the schema and a constant.
      await ask(`SELECT pg_advisory_xact_lock(1215262820, hashtext($1))`, [schema])
      if (!(await isUpToDate())) {
        // CREATE SCHEMA asks for the right to create one even where it is there.
        const [hasSchema] = await ask('SELECT to_regnamespace($1) IS NOT NULL', [s])
        if (hasSchema !== true) await ask(`CREATE SCHEMA ${s}`)
        await ask(`CREATE TABLE IF NOT EXISTS ${s}.version (
          lone boolean PRIMARY KEY CHECK (lone), steps integer NOT NULL, functions integer NOT NULL)`)
        await ask(`INSERT INTO ${s}.version VALUES (true, 0, 0) ON CONFLICT DO NOTHING`)
        const [taken] = await ask(`SELECT steps FROM ${s}.version`)
        const texts = [...steps.slice(Number(taken)).map((step) => step(s)), sessionFunctions(s)]
        for (const text of [...texts, stateFunctions(s), sweepFunctions(s), feedFunctions(s, schema)]) {
          await script(text)
        }
        await ask(`UPDATE ${s}.version SET steps = $1, functions = $2`, [steps.length, functions])
      }
      await ask('COMMIT')
    } catch (error) {
      if (connection.isUsable) await ask('ROLLBACK').catch(() => {})
      throw error
    }
  }

  /** Several statements in one text: only without parameters, by the simple protocol. */
  async function script(text: string): Promise<void> {
    await connection.script(text, patience)
  }

  /** What would otherwise fail at the first sign-in. */
  async function requireRights(): Promise<void> {
    const [lacking] = await ask(
      `SELECT string_agg(c.relname, ', ') FROM pg_class AS c
       WHERE c.relnamespace = to_regnamespace($1) AND c.relkind = 'r'
         AND NOT (has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
           AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE'))`,
      [`"${schema}"`],
    )
    if (typeof lacking === 'string') throw await rightsError(`it may not read and write ${lacking}`)
  }

  async function explained(error: unknown): Promise<Error> {
    const isRefused = error instanceof Error && 'code' in error && error.code === '42501'
    if (isRefused && connection.isUsable) return rightsError(error.message)
    return error instanceof Error ? error : new Error('unknown error')
  }

  async function rightsError(reason: string): Promise<ConfigError> {
    const [role, database, hasSchema] = await ask(
      'SELECT quote_ident(current_user), quote_ident(current_database()), to_regnamespace($1) IS NOT NULL',
      [`"${schema}"`],
    )
    const grant =
      hasSchema === true
        ? `GRANT USAGE, CREATE ON SCHEMA ${schema} TO ${role}; ` +
          `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema} TO ${role}; ` +
          `GRANT USAGE ON ALL SEQUENCES IN SCHEMA ${schema} TO ${role};`
        : `CREATE SCHEMA ${schema} AUTHORIZATION ${role}; (or GRANT CREATE ON DATABASE ${database} TO ${role};)`
    const message = `Postgres store ${name}: ${role} lacks a right: ${reason}. Have an administrator run: ${grant}`
    return new ConfigError('ERR_CONFIG_INVALID', message)
  }
}
