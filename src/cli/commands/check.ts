import { access, constants } from 'node:fs/promises'
import { dirname } from 'node:path'
import { openUsersFile } from '../../auth/users-file.ts'
import { HoldfastError } from '../../core/errors.ts'
import type { Config } from '../../gateway/config.ts'
import { openSessions } from '../../gateway/sessions.ts'
import { settings } from '../../gateway/settings.ts'
import { site } from '../../gateway/site.ts'
import { examineStore, shownStore, storeFile } from '../../gateway/store-choice.ts'
import { appFindings } from '../app-check.ts'
import type { Command } from '../command.ts'
import { configured } from '../configured.ts'
import { bad, type Finding, fine } from '../finding.ts'
import { formatOf } from '../format.ts'
import { plain, say } from '../terminal.ts'

/** Looks at everything a gateway needs, and changes nothing. */
export const checkCommand: Command = {
  name: 'check',
  synopsis: '[options] [-- <command…>]',
  about: 'Validate configuration, store, secrets and app; say what to do',
  settings: settings.map(({ key }) => key).filter((key) => key !== 'command'),
  options: [{ name: 'format', value: '<form>', about: 'text (the usual) or json' }],
  words: [0, 0],
  takesCommand: true,
  notes: [
    'Changes nothing. Fails if the app answers on an address of this machine that others reach: whoever goes round the ' +
      'gateway needs no sign-in.',
    'Exit code 0: all is well; 1: something does not work now; 2: something must be configured otherwise.',
  ],
  examples: [
    [
      'holdfast check --upstream http://127.0.0.1:8501',
      'Also asks the app, on every address of this machine.',
    ],
    ['holdfast check --config holdfast.yaml', 'In a deploy, before the gateway is started again.'],
  ],
  async run(call) {
    const format = formatOf(call, ['text', 'json'])
    const { config, file, upstreams, command } = await configured(call)
    const findings = [
      fine('configuration', file ?? 'no file; options, environment and usual values'),
      ...addressFindings(config),
      ...(await storeFindings(config)),
      ...(await usersFindings(config)),
      ...(await appFindings(config, { upstreams, command: call.rest ?? command })),
    ]
    if (format === 'json') say(JSON.stringify(findings, null, 2))
    else
      for (const { ok, about, message } of findings)
        say(`${ok ? 'ok  ' : 'FAIL'}  ${about.padEnd(13)}  ${plain(message)}`)
    return Math.max(0, ...findings.map(({ ok, code }) => (ok ? 0 : code)))
  },
}

function addressFindings(config: Config): Finding[] {
  const { origin, base } = site(config)
  const { host } = config.listen
  if (config.publicUrl === null) {
    const local = /^(?:127\.|localhost$|::1$)/.test(host)
    return local
      ? [fine('address', `${origin}${base}, for this machine only; others need --public-url`)]
      : [
          bad(
            'address',
            `--listen ${host} is for others, but without --public-url only this machine is served: set it.`,
            2,
          ),
        ]
  }
  return [fine('address', `${origin}${base}`)]
}

async function storeFindings(config: Config): Promise<Finding[]> {
  if (config.store === 'memory:') {
    return [fine('store', 'memory: everybody is signed out when the gateway stops')]
  }
  const file = storeFile(config.store)
  if (file !== null && !(await exists(file))) return [await placeFinding(config.store, file)]
  const examined = await examineStore(config.store)
  const faults = examined?.faults ?? []
  if (faults.length > 0) return faults.map((fault) => bad('store', fault, 2))
  const warnings = (examined?.warnings ?? []).map((warning) => fine('store', `Warning: ${warning}`))
  try {
    const { store } = await openSessions(config, () => {})
    try {
      await store.ping()
    } finally {
      await store.close()
    }
    return [
      fine('store', `${shownStore(config.store)} opens, reads and writes`),
      ...warnings,
      fine('secret', 'opens the store'),
    ]
  } catch (error) {
    return [broken('store', error)]
  }
}

/** A store that is not there yet is made at the first start, if it can be. */
async function placeFinding(store: string, file: string): Promise<Finding> {
  let folder = dirname(file)
  while (!(await exists(folder)) && folder !== dirname(folder)) folder = dirname(folder)
  return (await may(folder, constants.W_OK | constants.X_OK))
    ? fine('store', `${store} is made at the first start, and its secret with it`)
    : bad(
        'store',
        `${store}: this user may not write in ${folder}. Give it the right, or name another --store.`,
        1,
      )
}

async function usersFindings({ users, access: who }: Config): Promise<Finding[]> {
  if (users === null) {
    return who === 'anyone'
      ? [fine('users', 'none; everybody is let in (access: anyone)')]
      : [
          bad(
            'users',
            'Nobody can sign in: add somebody with holdfast users add <name>, or say --access anyone.',
            2,
          ),
        ]
  }
  try {
    const file = await openUsersFile(users)
    const people = file.list().filter(({ disabled, hash }) => !disabled && hash !== null)
    await file.close()
    const found = `${people.length} of ${file.list().length} in ${users} can sign in`
    return people.length === 0 && who !== 'anyone'
      ? [bad('users', `${found}. Add somebody with: holdfast users add <name> --users ${users}`, 2)]
      : [fine('users', found)]
  } catch (error) {
    return [broken('users', error)]
  }
}

function broken(about: string, error: unknown): Finding {
  if (!(error instanceof HoldfastError)) throw error
  return bad(about, error.message, error.name === 'ConfigError' ? 2 : 1)
}

function exists(path: string): Promise<boolean> {
  return may(path, constants.F_OK)
}

function may(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  )
}
