import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Looks for secrets in every file below a folder, as a thief of the disk would: in clear, in hex, in base64 at any
 * alignment, and as UTF-16. Returns `file: canary` for each find. Canaries shorter than 8 bytes prove nothing.
 */
export function scanFiles(folder: string, canaries: readonly string[]): string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )
  return files.flatMap((entry) => {
    const content = readFileSync(join(entry.parentPath, entry.name))
    return canaries
      .filter((canary) => spellings(canary).some((spelling) => content.includes(spelling)))
      .map((canary) => `${entry.name}: ${canary}`)
  })
}

/** A canary as it is, in hex, in base64 at any alignment, and, if it is a text, as UTF-16. */
export function spellings(canary: string | Uint8Array): readonly Buffer[] {
  const plain = Buffer.from(canary)
  const encoded = [plain.toString('hex'), plain.toString('hex').toUpperCase()]
  for (const encoding of ['base64', 'base64url'] as const) {
    for (let shift = 0; shift < 3; shift++) {
      // Characters that depend on the bytes around the canary alone are left out.
      const text = Buffer.concat([Buffer.alloc(shift), plain])
        .toString(encoding)
        .replace(/=+$/, '')
      const whole = Math.floor(((plain.length + shift) * 8) / 6)
      encoded.push(text.slice(shift === 0 ? 0 : shift + 1, whole))
    }
  }
  const wide = typeof canary === 'string' ? [Buffer.from(canary, 'utf16le')] : []
  return [plain, ...wide, ...encoded.map((text) => Buffer.from(text, 'latin1'))]
}
