/** What the configuration says of an earlier system, whose users should not have to sign in again. */
import {
  array,
  exactOptional,
  getDotPath,
  minLength,
  picklist,
  pipe,
  regex,
  safeParse,
  strictObject,
  string,
} from 'valibot'
import { parseDuration } from './duration.ts'

/** The earlier systems whose credentials can be read without a look into their store. */
export const importKinds = [
  'flask',
  'flask-login',
  'pyjwt',
  'starlette',
  'streamlit-authenticator',
  'streamlit-login',
] as const

/** One kind of old credential. */
export interface ImportSource {
  readonly kind: (typeof importKinds)[number]
  readonly secret: string
  readonly cookie?: string
  readonly userKey?: string
  /** In seconds. */
  readonly lifetime?: number
}

/** What was there before, and until when it counts. */
export interface ImportConfig {
  readonly switchedAt: Date
  readonly acceptUntil: Date
  readonly from: readonly ImportSource[]
}

const date = pipe(
  string('must be a date such as 2026-12-31'),
  regex(/^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d))?$/, 'must be a date such as 2026-12-31'),
)
const word = string('must be a text')
const schema = strictObject({
  switchedAt: date,
  acceptUntil: date,
  from: pipe(
    array(
      strictObject({
        kind: picklist(importKinds, `must be one of ${importKinds.join(', ')}`),
        // In a file it would soon be in version control, and it still opens the old system.
        secret: pipe(
          string('must say which variable holds it, such as env:FLASK_SECRET_KEY'),
          regex(/^env:[A-Za-z_]\w*$/, 'must say which variable holds it, such as env:FLASK_SECRET_KEY'),
        ),
        cookie: exactOptional(word),
        userKey: exactOptional(word),
        lifetime: exactOptional(word),
      }),
      'must be a list of maps, each with `kind` and `secret`',
    ),
    minLength(1, 'must name at least one earlier system'),
  ),
})

/** The import that is configured, or every fault of it; `null` if there is none. */
export function importConfig(
  said: object | undefined,
  variables: Readonly<Record<string, string | undefined>>,
): { readonly config: ImportConfig | null; readonly faults: readonly string[] } {
  if (said === undefined) return { config: null, faults: [] }
  const { success, output, issues } = safeParse(schema, said)
  if (!success)
    return { config: null, faults: issues.map((one) => `import.${getDotPath(one) ?? ''}: ${one.message}.`) }
  const faults: string[] = []
  const from = output.from.map(({ kind, secret, lifetime, ...names }, index): ImportSource => {
    const variable = secret.slice('env:'.length)
    const value = variables[variable] ?? ''
    if (value === '') faults.push(`import.from.${index}.secret: ${variable} in the environment is not set.`)
    const milliseconds = lifetime === undefined ? undefined : parseDuration(lifetime)
    if (milliseconds === null) faults.push(`import.from.${index}.lifetime: must be a time such as 31d.`)
    return {
      kind,
      secret: value,
      ...names,
      ...(milliseconds && { lifetime: Math.floor(milliseconds / 1000) }),
    }
  })
  const config = { switchedAt: new Date(output.switchedAt), acceptUntil: new Date(output.acceptUntil), from }
  const life = config.acceptUntil.getTime() - config.switchedAt.getTime()
  if (!(life > 0 && life <= 366 * 86_400_000))
    faults.push('import.acceptUntil: must be later than switchedAt, by a year at most.')
  return { config: faults.length === 0 ? config : null, faults }
}
