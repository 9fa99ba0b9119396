/** What `holdfast users remove` leaves in the store: nothing that whoever has the name next would meet. */
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sealedState } from '../../src/core/sealed-state.ts'
import { loadConfig } from '../../src/gateway/config-load.ts'
import { openFactors } from '../../src/gateway/factor-parts.ts'
import type { Factors } from '../../src/gateway/factors.ts'
import { openSessions } from '../../src/gateway/sessions.ts'
import { type Standings, standings } from '../../src/gateway/standing.ts'
import { addUser, holdfast, inFolder } from './command.ts'

const ada = { authenticator: 'users-file', userId: 'ada' }
const usual = { disabled: false, factorRequired: false, roles: null }

/** What the store of this folder keeps of people, read and written as a gateway does. */
async function kept<Value>(
  folder: string,
  work: (opened: { factors: Factors; known: Standings }) => Promise<Value>,
): Promise<Value> {
  const options = new Map([['store', `sqlite:${join(folder, '.holdfast/holdfast.db')}`]])
  const { config } = await loadConfig({ options, variables: {} })
  const { store, keyring } = await openSessions(config, () => undefined)
  try {
    const { factors } = openFactors({
      ...{ store, keyring, config, now: Date.now, origin: 'http://localhost:8080', app: 'Kelp' },
      cookie: { secure: false, name: '', port: 8080 },
      isRequired: async () => false,
      onEvent: () => undefined,
    })
    return await work({ factors, known: standings({ state: sealedState(store, keyring), app: config.name }) })
  } finally {
    await store.close()
  }
}

async function withFactor(folder: string): Promise<void> {
  await addUser(folder, 'ada')
  await kept(folder, async ({ factors, known }) => {
    const totp = { secret: 'JBSWY3DPEHPK3PXP', lastStep: 0, since: 0 }
    await factors.change(ada, (record) => ({ ...record, totp }))
    await known.change(ada, { factorRequired: true })
  })
}

describe('holdfast users remove', { timeout: 120_000 }, () => {
  it('forgets the second factors with the account', () =>
    inFolder(async (folder) => {
      await withFactor(folder)
      expect(await holdfast(['users', 'remove', 'ada'], { folder })).toMatchObject({ code: 0 })
      await addUser(folder, 'ada')
      await kept(folder, async ({ factors, known }) => {
        expect(await factors.asks(ada)).toBeNull()
        expect(await known.of(ada)).toEqual(usual)
      })
    }))

  it('forgets them when it is called again, where the store could not be opened at first', () =>
    inFolder(async (folder) => {
      await withFactor(folder)
      const [secret, away] = [join(folder, '.holdfast/secret'), join(folder, 'secret')]
      await rename(secret, away)
      const first = await holdfast(['users', 'remove', 'ada'], { folder })
      expect(first).toMatchObject({ code: 2, stdout: 'ada is removed.\n' })
      expect(first.stderr).toContain('Then run again: holdfast users remove ada')
      await rename(away, secret)
      const again = await holdfast(['users', 'remove', 'ada'], { folder })
      expect(again).toMatchObject({ code: 1, stderr: 'holdfast: There is no user "ada".\n' })
      await kept(folder, async ({ factors, known }) => {
        expect(await factors.asks(ada)).toBeNull()
        expect(await known.of(ada)).toEqual(usual)
      })
    }))
})
