/** One JSON object a line, for machines. */
import { destination, pino, stdTimeFunctions } from 'pino'
import { bounded, type OpenLog } from './log.ts'

// A reader that stands still must not fill the memory: what does not fit is dropped.
const longestBacklog = 1024 * 1024

/** A log of JSON lines with UTC times, written to a file descriptor without ever blocking a request. */
export function jsonLog(fd: number): OpenLog {
  const out = destination({ fd, sync: false, maxLength: longestBacklog })
  // A reader that went away (a closed pipe) is no reason to go down.
  out.on('error', () => undefined)
  const logger = pino(
    {
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    out,
  )
  return {
    write: (level, event, fields = {}) => logger[level]({ ...bounded(fields), event }),
    flush() {
      try {
        out.flushSync()
      } catch {
        // Not open yet, or gone.
      }
    },
  }
}
