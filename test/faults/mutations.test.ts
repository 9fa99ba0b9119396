import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { mutated, mutations } from '../../faults/mutations.ts'

const root = join(import.meta.dirname, '../..')

describe('the guards that the mutation check takes out', () => {
  it.each(mutations.map((mutation) => [`${mutation.name}, ${mutation.store}`, mutation] as const))(
    'are still there, once: %s',
    (_name, mutation) => {
      const text = readFileSync(join(root, mutation.file), 'utf8')
      expect(mutated(text, mutation)).not.toBe(text)
    },
  )

  it('are missed loudly where the sources have moved on', () => {
    const [mutation] = mutations
    if (mutation === undefined) throw new Error('There are no mutations.')
    expect(() => mutated('nothing of it', mutation)).toThrow(/has no/)
    expect(() => mutated(mutation.from + mutation.from, mutation)).toThrow(/more than one/)
  })
})
