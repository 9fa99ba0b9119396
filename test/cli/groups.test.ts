import { describe, expect, it } from 'vitest'
import { holdfast, inFolder } from './command.ts'

function call(...args: string[]): ReturnType<typeof holdfast> {
  return inFolder((folder) => holdfast(args, { folder }))
}

describe('a group of commands', { timeout: 60_000 }, () => {
  it.each([
    ['users', '--help'],
    ['users', '-h'],
    ['users', 'help'],
    ['help', 'users'],
  ])('explains itself: %s %s', async (...args) => {
    const { code, stdout, stderr } = await call(...args)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const word of ['users add', 'users list', 'users show', 'users reset-factors'])
      expect(stdout).toContain(`\n  ${word}`)
    expect(stdout).not.toContain('sessions')
    expect(stdout).toContain('holdfast users add --help')
  })

  it('is an error where nothing is asked of it, or nothing that there is', async () => {
    for (const args of [['users'], ['users', '--store', 'x'], ['users', 'ad', '--help'], ['help', 'user']]) {
      const { code, stdout } = await call(...args)
      expect({ args, code, stdout }).toEqual({ args, code: 2, stdout: '' })
    }
  })
})
