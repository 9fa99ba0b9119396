import { readdir } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { holdfast, inFolder } from './command.ts'

const store = 'sqlite:not-there/x.db'

describe('a store that is not there', { timeout: 60_000 }, () => {
  it.each([
    ['sessions list', 'so nobody is signed in'],
    ['audit list', 'so nothing is written down'],
  ])('%s says so, for it may be the wrong one, and makes none', (command, what) =>
    inFolder(async (folder) => {
      const told = `There is no store ${store} yet, ${what}. Is it the right --store?\n`
      const text = await holdfast([...command.split(' '), '--store', store], { folder })
      expect(text).toEqual({ code: 0, stdout: '', stderr: told })
      const json = await holdfast([...command.split(' '), '--format', 'json', '--store', store], { folder })
      expect(json).toEqual({ code: 0, stdout: '[]\n', stderr: told })
      expect(await readdir(folder)).toEqual([])
    }),
  )

  it('sessions revoke fails: what was asked for is not done', () =>
    inFolder(async (folder) => {
      const ended = await holdfast(['sessions', 'revoke', '--all', '--store', store], { folder })
      expect(ended).toMatchObject({ code: 1, stdout: '' })
      expect(ended.stderr).toContain(`There is no store ${store} yet`)
    }))
})
