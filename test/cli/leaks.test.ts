import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { addUser, type Ended, holdfast, inFolder } from './command.ts'

const secret = 's3cretpw'
const HOLDFAST_SECRET = 'a secret for tests of 32 bytes or more'

/** What was said of a command that was refused, without the password of the address it was given. */
function said({ code, stdout, stderr }: Ended): string {
  expect(stdout + stderr).not.toContain(secret)
  expect(code).toBe(2)
  return stderr
}

describe('the password of an address is never printed', () => {
  it('when the address is none that can be meant, whichever way it is said', () =>
    inFolder(async (folder) => {
      const store = `postgress://me:${secret}@db/app`
      const shown = 'postgress://…@db/app'
      const sayings = [
        holdfast(['check', '--store', store], { folder }),
        holdfast(['check'], { folder, env: { HOLDFAST_STORE: store } }),
        holdfast(['check', store], { folder }),
        holdfast([store], { folder }),
      ]
      for (const one of sayings) expect(said(await one)).toContain(shown)
      for (const option of ['--upstream', '--public-url'])
        expect(
          said(await holdfast(['check', option, `http://me:${secret}@127.0.0.1:1`], { folder })),
        ).toContain('http://…@127.0.0.1:1')
    }))

  it('when it stands in the file', () =>
    inFolder(async (folder) => {
      const text = [
        `upstream: http://me:${secret}@127.0.0.1:1`,
        `listen: redis://:${secret}@db`,
        `loginApi: { url: https://me:${secret}@id.example.org/in, verifyUrl: http://id.example.org/?key=${secret} }`,
      ]
      await writeFile(join(folder, 'holdfast.yaml'), text.join('\n'))
      expect(said(await holdfast(['check'], { folder })).match(/ must be /g)).toHaveLength(4)
    }))

  it('not by its beginning either, where the address is longer than what is shown of one', () =>
    inFolder(async (folder) => {
      const store = `postgress://a-user-with-a-long-name:${secret}-and-another-forty-characters-behind@db/app`
      said(await holdfast(['check', '--store', store], { folder }))
      said(await holdfast(['check', store], { folder }))
    }))

  it('when the store is away while somebody is changed', () =>
    inFolder(async (folder) => {
      await addUser(folder, 'anna')
      // Nothing listens there.
      const store = `redis://me:${secret}@127.0.0.1:1/0`
      const ended = await holdfast(['users', 'disable', 'anna', '--store', store], {
        folder,
        env: { HOLDFAST_SECRET },
      })
      expect(ended.stdout + ended.stderr).not.toContain(secret)
      expect(ended.stderr).toContain('The sessions in redis://127.0.0.1:1/0 could not be ended')
      expect(ended.code).not.toBe(0)
    }))
})
