import { describe, expect, it } from 'vitest'
import { holdfast, inFolder } from './command.ts'

function call(...args: string[]): ReturnType<typeof holdfast> {
  return inFolder((folder) => holdfast(args, { folder }))
}

describe('holdfast', { timeout: 60_000 }, () => {
  it('explains itself', async () => {
    const { code, stdout, stderr } = await call('--help')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const word of ['run', 'serve', 'env', 'check', 'users add', 'sessions revoke', 'secrets rotate']) {
      expect(stdout).toContain(`\n  ${word} `)
    }
  })

  it('explains itself as an error when nothing is asked', async () => {
    const { code, stdout, stderr } = await call()
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('Usage:')
  })

  it('says its version', async () => {
    expect((await call('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  it('explains each command with its options and examples', async () => {
    for (const command of [
      'run',
      'serve',
      'env',
      'check',
      'users roles',
      'sessions list',
      'secrets rotate',
    ]) {
      const { code, stdout } = await call(...command.split(' '), '--help')
      expect({ command, code }).toEqual({ command, code: 0 })
      expect(stdout).toMatch(/^Options:$/m)
      expect(stdout).toMatch(/^Examples:$/m)
    }
  })

  it('guesses the command that was meant', async () => {
    const { code, stderr } = await call('rnu', '--', 'x')
    expect(code).toBe(2)
    expect(stderr).toContain('There is no command rnu. Did you mean run?')
  })

  it('guesses the second word that was meant', async () => {
    const { code, stderr } = await call('users', 'ad', 'x')
    expect(code).toBe(2)
    expect(stderr).toContain('Did you mean holdfast users add?')
  })

  it('guesses the option that was meant', async () => {
    const { code, stderr } = await call('run', '--acess', 'anyone', '--', 'x')
    expect(code).toBe(2)
    expect(stderr).toContain('There is no option --acess. Did you mean --access?')
  })

  it('says where an option of the app belongs', async () => {
    const { code, stderr } = await call('run', 'streamlit', 'run', 'app.py')
    expect(code).toBe(2)
    expect(stderr).toContain('holdfast run -- streamlit run app.py')
  })

  it('takes no option of another command', async () => {
    const { code, stderr } = await call('run', '--upstream', 'http://127.0.0.1:1', '--', 'x')
    expect(code).toBe(2)
    expect(stderr).toContain('holdfast run takes no --upstream')
  })

  it('takes no option for the value of another', async () => {
    const { code, stderr } = await call('run', '--users', '--log', 'json', '--', 'x')
    expect(code).toBe(2)
    expect(stderr).toContain('--users needs a value')
  })

  it('cannot be steered by what it repeats', async () => {
    const { stderr } = await call('\u001b[2Jrun\u202e')
    expect(stderr).not.toMatch(/[^\P{Cc}\n]|\p{Cf}/u)
  })
})
