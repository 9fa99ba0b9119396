/** Lines for people at a terminal. */
import type { Writable } from 'node:stream'
import { bounded, type LogLevel, type OpenLog } from './log.ts'

const colours: Readonly<Record<LogLevel, string>> = { info: '36', warn: '33', error: '31' }

/** A log of short lines: time, level, event, `name=value`. Coloured only if asked to. */
export function prettyLog(out: Writable, colour: boolean): OpenLog {
  const paint = (code: string, text: string): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text)
  return {
    write(level, event, fields = {}) {
      const time = new Date().toISOString().slice(11, 19)
      const rest = Object.entries(bounded(fields)).map(
        ([name, value]) => `${paint('2', `${name}=`)}${shown(value)}`,
      )
      const words = [paint('2', time), paint(colours[level], level.padEnd(5)), event, ...rest]
      out.write(`${words.join(' ')}\n`)
    },
    flush() {},
  }
}

function shown(value: string | number | boolean | null): string {
  if (typeof value !== 'string') return String(value)
  return value === '' || /[\s"=]/.test(value) ? JSON.stringify(value) : value
}
