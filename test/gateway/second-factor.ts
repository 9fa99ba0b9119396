/** An authenticator app, added at the account's page as its person would. */
import { totpCode, totpStep } from '../../src/auth/totp.ts'
import { type Harness, startHarness } from './harness.ts'
import type { HarnessOptions } from './harness-options.ts'
import { password } from './people.ts'
import { Visitor } from './visitor.ts'

/** What adding an app shows, once. */
export interface AddedApp {
  readonly secret: string
  readonly codes: readonly string[]
}

/** Adds an authenticator app to the account that this browser is signed in with. */
export async function addApp(
  visitor: Visitor,
  now: () => number = Date.now,
  secretWord: string = password,
): Promise<AddedApp> {
  await visitor.get('/_holdfast/account/factors')
  const shown = await visitor.post('/_holdfast/account/factors', {
    ...{ action: 'totp-start', password: secretWord },
  })
  const secret = secretOn(shown.body)
  const done = await visitor.post('/_holdfast/account/factors', {
    action: 'totp-confirm',
    code: totpCode(secret, totpStep(now())),
  })
  return { secret, codes: codesOn(done.body) }
}

/** The secret that a page shows to whoever adds an app. */
export function secretOn(body: string): string {
  return (/<code class="secret">([^<]*)</.exec(body)?.[1] ?? '').replaceAll(' ', '')
}

/** The recovery codes that a page shows. */
export function codesOn(body: string): string[] {
  return [...body.matchAll(/<li><code>([^<]*)<\/code><\/li>/g)].map(([, code = '']) => code)
}

/** A clock that a test moves. */
export function clock(): { now: number; read: () => number } {
  const at = { now: Date.now(), read: () => at.now }
  return at
}

export interface AppStage extends AddedApp {
  readonly to: Harness
  readonly at: ReturnType<typeof clock>
  readonly owner: Visitor
  /** The code of now, for the next thirty seconds. */
  next(): string
}

/** Anna, signed in, with an authenticator app. */
export async function withApp(options: HarnessOptions = {}): Promise<AppStage> {
  const at = clock()
  const to = await startHarness({ ...options, now: at.read })
  const owner = new Visitor(to)
  await owner.enter('anna')
  const { secret, codes } = await addApp(owner, at.read)
  const next = (): string => {
    at.now += 30_000
    return totpCode(secret, totpStep(at.now))
  }
  return { to, at, owner, secret, codes, next }
}
