/** Records of an old store whose values somebody chose to be a burden: each costs about as much as its bytes. */
import { encode } from '@msgpack/msgpack'
import { describe, expect, it } from 'vitest'
import { readFlaskRecord } from '../../src/imports/flask-session-store.ts'
import { readPlainJson } from '../../src/imports/plain-json.ts'
import { processorTime } from '../processor-time.ts'

// Read once before it is measured. Each was seconds, or more than there is, where it was read as it came.
const little = 400

/** Half of what a record may be. */
const long = 500_000

async function cheap(read: () => unknown): Promise<void> {
  expect(await processorTime(read)).toBeLessThan(little)
}

describe('a hostile record', () => {
  it('of msgpack is not looked at as JSON, whatever its texts hold', async () => {
    const record = encode({ username: 'anna', q: `"${'\\"'.repeat(long / 2)}` })
    await cheap(() => expect(readFlaskRecord(record)).toMatchObject({ username: 'anna' }))
  })

  it('of JSON that never ends a text costs what its length does', async () => {
    const text = `{"username":"anna","q":"${'\\"'.repeat(long / 2)}`
    await cheap(() => expect(readPlainJson(text)).toBeUndefined())
    await cheap(() => expect(readFlaskRecord(Buffer.from(text))).toBeNull())
    const quotes = `{${'"'.repeat(long - 1)}`
    await cheap(() => expect(readPlainJson(quotes)).toBeUndefined())
  })

  it('of msgpack that announces more than it holds is refused before anything is made of it', async () => {
    // Lists of 33 million each: twenty bytes took a gigabyte.
    const list = Buffer.from([0xdd, 0x01, 0xff, 0xff, 0xff])
    for (const levels of [1, 3, 60]) {
      const bomb = Buffer.concat(Array<Buffer>(levels).fill(list))
      await cheap(() => expect(readFlaskRecord(bomb)).toBeNull())
    }
    // No single one announces more than there are bytes.
    const many = Buffer.concat([
      ...Array<Buffer>(60).fill(Buffer.from([0xdd, 0, 7, 0, 0])),
      Buffer.alloc(long),
    ])
    await cheap(() => expect(readFlaskRecord(many)).toBeNull())
  })

  it('of a pickle with a number that is none costs what its length does', async () => {
    const record = Buffer.from(`F${'9'.repeat(long)}x\n.`)
    await cheap(() => expect(readFlaskRecord(record)).toBeNull())
  })
})

describe('readPlainJson', () => {
  it('counts brackets outside texts alone', () => {
    const brackets = '[{'.repeat(100)
    expect(readPlainJson(JSON.stringify({ a: brackets, [`${brackets}"\\`]: [`\\"${brackets}`] }))).toEqual({
      a: brackets,
      [`${brackets}"\\`]: [`\\"${brackets}`],
    })
    expect(readPlainJson('['.repeat(64) + ']'.repeat(64))).toBeDefined()
    expect(readPlainJson('['.repeat(65) + ']'.repeat(65))).toBeUndefined()
    expect(readPlainJson(`["\\\\",${'['.repeat(64)}${']'.repeat(64)}]`)).toBeUndefined()
  })
})
