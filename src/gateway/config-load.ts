/** From command line, environment and file to one checked configuration. */
import { existsSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { parse } from 'yaml'
import { ConfigError } from '../core/errors.ts'
import { checkSecrets } from '../core/keyring.ts'
import { checkPolicy, defaultPolicy, type Limits, type Policy, underProfile } from '../core/policy.ts'
import { clientAddress } from './client-address.ts'
import type { Config } from './config.ts'
import { adminConfig, refuseSharedOrigin } from './config-admin.ts'
import {
  type ConfigPath,
  type ConfigReading,
  checkConfig,
  keyText,
  type Place,
  readConfigFile,
} from './config-file.ts'
import { importConfig } from './config-import.ts'
import { isProviderSecret, peopleConfig, peopleFaults } from './config-people.ts'
import type { ConfigInput, LimitsInput } from './config-schema.ts'
import { selfServiceConfig, selfServiceFaults } from './config-self-service.ts'
import { type Setting, settings } from './settings.ts'
import { site } from './site.ts'
import { nearest } from './suggestion.ts'

/** What one option of the command line says. */
export type OptionValue = string | boolean | readonly string[]

export interface ConfigSources {
  /** By option name, without the dashes; options that are no settings are passed over. */
  readonly options: ReadonlyMap<string, OptionValue>
  readonly variables: Readonly<Record<string, string | undefined>>
}

export interface LoadedConfig {
  readonly config: Config
  /** Where the configuration says the app runs, each instance of it; and the command to start, `null` if it names none. */
  readonly upstreams: readonly URL[]
  readonly command: readonly string[] | null
  /** The file it was read from; `null` if there is none. */
  readonly file: string | null
}

const usualFile = 'holdfast.yaml'
const others = [
  ...['CONFIG', 'SECRET', 'MAIL_PASSWORD', 'DEBUG', 'URL', 'STATE_KEY', 'SIGN_IN_PATH', 'TESTS'],
  ...['FORCE_URL_SESSION_IN_TESTS', 'DISABLE_URL_SESSION'],
].map((word) => `HOLDFAST_${word}`)

/**
 * The configuration: the command line before the environment before the file before what holds otherwise. Throws one
 * `ConfigError` that names every fault of all three.
 */
export async function loadConfig({ options, variables }: ConfigSources): Promise<LoadedConfig> {
  const file = fileNamed(options, variables)
  const fromFile: ConfigReading = file === null ? { input: {}, faults: [] } : await readConfigFile(file)
  const fromVariables = readTexts(
    settings.map((one) => [one, one.variable, blankIsNone(variables[one.variable])] as const),
  )
  const fromOptions = readTexts(
    settings.map(
      (one) => [one, `--${one.option}`, one.option === null ? undefined : options.get(one.option)] as const,
    ),
  )
  const faults = [...fromOptions.faults, ...fromVariables.faults, ...mistyped(variables), ...fromFile.faults]
  if (faults.length > 0) throw invalid(faults)

  const said = merged(merged(atHome(fromFile.input, file), fromVariables.input), fromOptions.input)
  const config = filled(said, variables)
  const old = importConfig(said.import, variables).faults
  const wrong = [
    ...[...peopleFaults(said), ...selfServiceFaults(said, config), ...old, ...limitFaults(said)],
    ...contradictions(config),
  ]
  if (wrong.length > 0) throw invalid(wrong)
  return { config, upstreams: said.upstream ?? [], command: said.command ?? null, file }
}

function fileNamed(options: ConfigSources['options'], variables: ConfigSources['variables']): string | null {
  const named = options.get('config') ?? blankIsNone(variables.HOLDFAST_CONFIG)
  if (typeof named === 'string') return named
  return existsSync(usualFile) ? usualFile : null
}

function blankIsNone(value: string | undefined): string | undefined {
  return value === '' ? undefined : value
}

/** Texts put where the file has them, and then held against the same schema as the file. */
function readTexts(texts: readonly (readonly [Setting, string, OptionValue | undefined])[]): ConfigReading {
  const document: Record<string, unknown> = {}
  const faults: string[] = []
  for (const [setting, place, said] of texts) {
    if (said === undefined) continue
    const value = readText(setting, said)
    if (value === undefined) faults.push(`${place} is not YAML.`)
    else put(document, setting.key.split('.'), value)
  }
  const named = (path: ConfigPath): Place => {
    const key = `${path.filter((part) => typeof part === 'string').join('.')}.`
    const order = texts.findIndex(
      ([setting, , said]) => said !== undefined && key.startsWith(`${setting.key}.`),
    )
    const [setting, place] = texts[order] ?? []
    // Of a list the fault itself says which one is meant: people know no numbers of repeated options.
    const rest = setting?.kind === 'list' ? [] : path.slice(setting?.key.split('.').length ?? 0)
    return { order, text: [place ?? '', keyText(rest)].filter((part) => part !== '').join(' ') }
  }
  const { input, faults: more } = checkConfig(document, named)
  return { input, faults: [...faults, ...more] }
}

function readText({ kind }: Setting, said: OptionValue): unknown {
  if (typeof said !== 'string') return said
  if (kind === 'list') return said.split(',').map((one) => one.trim())
  if (kind === 'switch') return switches[said.toLowerCase()] ?? said
  if (kind === 'text') return said
  try {
    return parse(said, { prettyErrors: false, maxAliasCount: 0, logLevel: 'silent' }) as unknown
  } catch {
    return undefined
  }
}

const switches: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  1: true,
  false: false,
  no: false,
  off: false,
  0: false,
}

function put(
  document: Record<string, unknown>,
  [key = '', ...rest]: readonly string[],
  value: unknown,
): void {
  if (rest.length === 0) {
    document[key] = value
    return
  }
  document[key] ??= {}
  put(document[key] as Record<string, unknown>, rest, value)
}

/** A variable that is nearly one of ours: ignored, it would let somebody believe in a setting that does not hold. */
function mistyped(variables: ConfigSources['variables']): string[] {
  const known = [...settings.map(({ variable }) => variable), ...others]
  const faults: string[] = []
  for (const name of Object.keys(variables)) {
    // Kubernetes sets HOLDFAST_PORT and more where a Service has our name.
    if (!name.startsWith('HOLDFAST_') || known.includes(name) || isProviderSecret(name)) continue
    if (/_(?:SERVICE|PORT)(?:_|$)/.test(name)) continue
    const meant = nearest(
      name.slice('HOLDFAST_'.length),
      known.map((one) => one.slice('HOLDFAST_'.length)),
    )
    if (meant !== null)
      faults.push(`${name} in the environment is not known. Did you mean HOLDFAST_${meant}?`)
  }
  return faults
}

/** Paths in the file count from where the file is. */
function atHome(input: ConfigInput, file: string | null): ConfigInput {
  const home = (path: string): string =>
    file === null || isAbsolute(path) ? path : join(dirname(file), path)
  const { store, users, secretFile } = input
  return {
    ...input,
    ...(store?.startsWith('sqlite:') && { store: `sqlite:${home(store.slice('sqlite:'.length))}` }),
    ...(users !== undefined && { users: home(users) }),
    ...(secretFile !== undefined && { secretFile: home(secretFile) }),
  }
}

function merged(under: ConfigInput, over: ConfigInput): ConfigInput {
  const session = {
    ...under.session,
    ...over.session,
    remember: { ...under.session?.remember, ...over.session?.remember },
    anonymous: { ...under.session?.anonymous, ...over.session?.anonymous },
  }
  const loginApi = { ...under.loginApi, ...over.loginApi }
  const mail = { ...under.mail, ...over.mail }
  const admin = { ...under.admin, ...over.admin }
  return {
    ...{ ...under, ...over, session },
    ...(Object.keys(loginApi).length > 0 && { loginApi }),
    ...(Object.keys(mail).length > 0 && { mail }),
    ...(Object.keys(admin).length > 0 && { admin }),
  }
}

function filled(said: ConfigInput, variables: ConfigSources['variables']): Config {
  return {
    preset: said.preset ?? 'auto',
    ...addresses(said),
    name: said.name ?? '',
    store: said.store ?? 'sqlite:.holdfast/holdfast.db',
    ...peopleConfig(said, variables),
    ...selfServiceConfig(said, variables),
    import: importConfig(said.import, variables).config,
    admin: adminConfig(said),
    access: said.access ?? 'signed-in',
    rules: said.rules ?? [],
    documentsOnly: said.documentsOnly ?? false,
    secondFactor: said.secondFactor ?? 'optional',
    policy: policyOf(said),
    trustProxy: said.trustProxy ?? [],
    secrets: secretsOf(variables),
    secretFile: said.secretFile ?? null,
    startTimeout: said.startTimeout ?? 60_000,
    log: said.log ?? 'pretty',
  }
}

function addresses(said: ConfigInput): Pick<Config, 'listen' | 'publicUrl' | 'insecureHttp' | 'stateListen'> {
  return {
    listen: said.listen ?? { host: '127.0.0.1', port: 8080 },
    publicUrl: said.publicUrl ?? null,
    insecureHttp: said.insecureHttp ?? false,
    stateListen: said.stateListen ?? null,
  }
}

function policyOf({ session = {}, profile }: ConfigInput): Policy {
  const limits = (
    usual: Limits,
    { idle = usual.idle, absolute = usual.absolute }: LimitsInput = {},
  ): Limits => ({
    idle,
    absolute,
  })
  const policy: Policy = {
    session: limits(defaultPolicy.session, session),
    remember: limits(defaultPolicy.remember, session.remember),
    anonymous: limits(defaultPolicy.anonymous, session.anonymous),
    rotateAfter: session.rotateAfter ?? defaultPolicy.rotateAfter,
    ...(session.most !== undefined && {
      perAccount: { most: session.most, whenMore: session.whenMore ?? 'replace-oldest' },
    }),
  }
  return profile === undefined ? policy : underProfile(policy, profile)
}

/** A rule for what is more than nothing: somebody believes in a limit that is none. */
function limitFaults({ session }: ConfigInput): readonly string[] {
  if (session?.whenMore === undefined || session.most !== undefined || session.whenMore === 'allow') return []
  return ['session.whenMore needs session.most: how many sessions an account may have at once.']
}

function secretsOf(variables: ConfigSources['variables']): readonly string[] {
  return (variables.HOLDFAST_SECRET ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
}

/** What each setting may say by itself and not together with the others. */
function contradictions(config: Config): string[] {
  const checks = [
    () => refuseCollision(config, site(config).base),
    () => refuseSharedOrigin(config),
    () => checkPolicy(config.policy),
    () => clientAddress(config.trustProxy),
    () => (config.secrets.length > 0 ? checkSecrets(config.secrets) : undefined),
  ]
  return checks.flatMap((check) => {
    try {
      check()
      return []
    } catch (error) {
      if (error instanceof ConfigError) return [error.message]
      throw error
    }
  })
}

/** The path of the public URL names the cookies where there is no name; `…/form` would name the sign-in form's. */
function refuseCollision({ name, publicUrl }: Config, base: string): void {
  if (name !== '' || !/(?:^|[/-])form$/.test(base)) return
  throw new ConfigError(
    'ERR_CONFIG_INVALID',
    `--public-url ${publicUrl}: its path ends in "form", which is taken. Choose another path, or give the app a --name.`,
  )
}

function invalid(faults: readonly string[]): ConfigError {
  const [only = ''] = faults
  const message =
    faults.length === 1
      ? only
      : `The configuration has ${faults.length} faults:\n${faults.map((fault) => `  ${fault}`).join('\n')}`
  return new ConfigError('ERR_CONFIG_INVALID', message)
}
