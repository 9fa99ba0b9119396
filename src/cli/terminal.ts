/** What is said to a person, and asked of one. */
import { ConfigError } from '../core/errors.ts'

/** Prints a line that was asked for. */
export function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** Prints a line beside what was asked for, where it does not end up in a pipe. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** A text from a store or a file, as one line that cannot steer the terminal. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\u{fffd}')
}

// Longer than any password that is accepted.
const longestLine = 16_384

/** The first line of standard input. */
export async function lineFromInput(): Promise<string> {
  let text = ''
  process.stdin.setEncoding('utf8')
  for await (const chunk of process.stdin) {
    text += chunk as string
    if (text.includes('\n') || text.length > longestLine) break
  }
  return text.split(/\r?\n/, 1)[0] ?? ''
}

/** Whether there is a person to ask. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true
}

/** Asks for something that must not be seen. Rejects with `ConfigError` if the person gives up (Ctrl-C, Ctrl-D). */
export function askUnseen(question: string): Promise<string> {
  const { stdin, stderr } = process
  stderr.write(question)
  stdin.setRawMode(true)
  stdin.setEncoding('utf8')
  stdin.resume()
  return new Promise((resolve, reject) => {
    let answer = ''
    const finish = (settle: () => void): void => {
      stdin.off('data', typed)
      stdin.setRawMode(false)
      stdin.pause()
      stderr.write('\n')
      settle()
    }
    const typed = (keys: string): void => {
      const { text, end } = afterKeys(answer, keys)
      answer = text
      if (end === 'done') finish(() => resolve(answer))
      if (end === 'given-up') {
        finish(() => reject(new ConfigError('ERR_CONFIG_INVALID', 'Given up; nothing was changed.')))
      }
    }
    stdin.on('data', typed)
  })
}

/** The text after these keys, and whether they end it. */
export function afterKeys(
  before: string,
  keys: string,
): { readonly text: string; readonly end: 'done' | 'given-up' | null } {
  let text = before
  for (const key of keys) {
    if (key === '\r' || key === '\n') return { text, end: 'done' }
    if (key === '\u0003' || key === '\u0004') return { text, end: 'given-up' }
    // An escape sequence: arrow keys and the like are no part of a password.
    if (key === '\u001b') return { text, end: null }
    text = afterKey(text, key)
  }
  return { text, end: null }
}

function afterKey(text: string, key: string): string {
  if (key === '\u007f' || key === '\b') return [...text].slice(0, -1).join('')
  return key === '\u0015' ? '' : text + key
}
