/** Secrets that were planted or made, and every text that was seen: where one turned up that it may not. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { spellings } from '../../stores/dump-scanner.ts'

/** Something that only some places may show. */
interface Canary {
  readonly name: string
  readonly spelled: readonly Buffer[]
  /** The places where it belongs; `null`: nowhere. */
  readonly allowed: RegExp | null
}

/** A text, and where it was: `body of GET /x`, `log`, `the app`. */
interface Sight {
  readonly where: string
  readonly bytes: Buffer
}

export class Canaries {
  readonly #canaries = new Map<string, Canary>()
  readonly #sights: Sight[] = []

  /** Plants one, or notes one that was made; it may have been seen before. */
  hide<Value extends string | Uint8Array>(name: string, value: Value, allowed: RegExp | null = null): Value {
    const bytes = Buffer.from(value)
    // Eight bytes that turn up by chance would be nobody's secret.
    if (bytes.length < 8) throw new Error(`"${name}" is too short to be told from chance.`)
    this.#canaries.set(`${name} ${bytes.toString('hex')}`, { name, spelled: spelledEveryWay(value), allowed })
    return value
  }

  see(where: string, text: string | Uint8Array): void {
    this.#sights.push({ where, bytes: Buffer.from(text) })
  }

  /** Every file below a folder, as a thief of the disk reads it. */
  seeFiles(where: string, folder: string): void {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
      if (entry.isFile()) this.see(where, readFileSync(join(entry.parentPath, entry.name)))
  }

  /** What turned up where it does not belong: `name: where`, each once. */
  found(): readonly string[] {
    const finds = new Set<string>()
    for (const { name, spelled, allowed } of this.#canaries.values())
      for (const { where, bytes } of this.#sights)
        if (!allowed?.test(where) && spelled.some((one) => bytes.includes(one)))
          finds.add(`${name}: ${where}`)
    return [...finds].sort()
  }

  /** The allowances that nothing needed, by name: what is not needed is not allowed. */
  needless(): readonly string[] {
    const all = [...this.#canaries.values()].filter(({ allowed }) => allowed !== null)
    const used = all.filter(({ spelled, allowed }) =>
      this.#sights.some(
        ({ where, bytes }) => allowed?.test(where) && spelled.some((one) => bytes.includes(one)),
      ),
    )
    const names = new Set(used.map(({ name }) => name))
    return [...new Set(all.map(({ name }) => name))].filter((name) => !names.has(name))
  }

  /** What was hidden, and how much was looked at. */
  get extent(): { readonly names: readonly string[]; readonly places: ReadonlySet<string> } {
    return {
      names: [...new Set([...this.#canaries.values()].map(({ name }) => name))],
      places: new Set(this.#sights.map(({ where }) => where)),
    }
  }
}

/** As it is, and as URLs, forms, JSON, HTML, base64 and hex have it. */
function spelledEveryWay(value: string | Uint8Array): readonly Buffer[] {
  if (typeof value !== 'string') return [Buffer.from(value), ...spellings(value)]
  const html = value.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll("'", '&#39;')
  const written = [
    ...[encodeURIComponent(value), new URLSearchParams({ x: value }).toString().slice(2)],
    ...[JSON.stringify(value).slice(1, -1), html],
  ]
  return [...spellings(value), ...new Set(written.map((text) => Buffer.from(text)))]
}
