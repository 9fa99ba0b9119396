import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LogFields } from '../../src/gateway/log.ts'
import { jsonLog } from '../../src/gateway/log-json.ts'
import { prettyLog } from '../../src/gateway/log-pretty.ts'

async function json(work: (log: ReturnType<typeof jsonLog>) => void): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-log-'))
  const file = openSync(join(folder, 'log'), 'w')
  try {
    const log = jsonLog(file)
    work(log)
    log.flush()
    return readFileSync(join(folder, 'log'), 'utf8')
  } finally {
    closeSync(file)
    rmSync(folder, { recursive: true })
  }
}

function pretty(colour: boolean, event: string, fields: LogFields): string {
  const out = new PassThrough()
  prettyLog(out, colour).write('warn', event, fields)
  return String(out.read())
}

const hostile = '\n{"level":"info","event":"sign_in"}\r\u001b[2J\u009b31m\u202e\u2028x'

describe('jsonLog()', () => {
  it('writes one object a line, with the time in UTC', async () => {
    const text = await json((log) =>
      log.write('warn', 'sign_in_refused', { user: 'ada', attempts: 3, known: true }),
    )
    const line = JSON.parse(text) as Record<string, unknown>
    expect(line).toMatchObject({
      level: 'warn',
      event: 'sign_in_refused',
      user: 'ada',
      attempts: 3,
      known: true,
    })
    expect(line.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  })

  it('lets no text from outside start a line or steer a terminal', async () => {
    const text = await json((log) => log.write('info', 'request', { path: hostile }))
    expect(text.trimEnd()).toMatch(/^[^\p{Cc}\p{Cf}\u2028\u2029]+$/u)
    expect(JSON.parse(text)).toMatchObject({ event: 'request', level: 'info' })
  })

  it('cuts long texts', async () => {
    expect(
      (await json((log) => log.write('info', 'request', { path: 'x'.repeat(100_000) }))).length,
    ).toBeLessThan(500)
  })
})

describe('prettyLog()', () => {
  it('writes one line, and colours it only if asked to', () => {
    expect(pretty(false, 'users_changed', { user: 'ada', note: 'two words' })).toMatch(
      /^\d\d:\d\d:\d\d warn {2}users_changed user=ada note="two words"\n$/,
    )
    expect(pretty(true, 'x', {})).toContain('\u001b[33m')
  })

  it('lets no text from outside start a line, steer a terminal, or pass for another field', () => {
    fc.assert(
      fc.property(fc.oneof(fc.constant(hostile), fc.string({ unit: 'binary' })), (text) => {
        const line = pretty(false, 'request', { path: text, last: 1 })
        expect(line.slice(0, -1)).toMatch(/^[^\p{Cc}\p{Cf}\u2028\u2029]+$/u)
        expect(line.endsWith(' last=1\n')).toBe(true)
      }),
    )
  })
})
