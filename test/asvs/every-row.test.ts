/** That no row of ASVS 5.0, V6 and V7, is forgotten: each is in the table of the docs, with tests that have it in their names. */
import { readdir, readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'

const root = new URL('../../', import.meta.url)

/** How many rows each section of the standard has. */
const sections: readonly (readonly [section: string, rows: number])[] = [
  ...([
    ['6.1', 3],
    ['6.2', 12],
    ['6.3', 8],
    ['6.4', 6],
    ['6.5', 8],
    ['6.6', 4],
    ['6.7', 2],
    ['6.8', 4],
  ] as const),
  ...([
    ['7.1', 3],
    ['7.2', 4],
    ['7.3', 2],
    ['7.4', 5],
    ['7.5', 3],
    ['7.6', 2],
  ] as const),
]
const every = sections.flatMap(([section, rows]) =>
  Array.from({ length: rows }, (_, index) => `${section}.${index + 1}`),
)
// What is not here at all. Anything else has to be shown.
const mayBeWithout = ['6.4.5', '6.6.1', '6.6.2', '6.6.3', '6.6.4', '6.7.1', '6.8.3']

interface Row {
  readonly row: string
  readonly level: number
  readonly shownBy: string
}

async function table(): Promise<readonly Row[]> {
  const docs = await readFile(new URL('docs/asvs.md', root), 'utf8')
  return [...docs.matchAll(/^\| ([67]\.\d\.\d+) \| ([123]) \| .+ \| (.+) \|$/gm)].map(
    ([, row = '', level = '', shownBy = '']) => ({ row, level: Number(level), shownBy }),
  )
}

/** The names of a file's tests, and of nothing else in it. */
async function namesIn(file: string): Promise<readonly string[]> {
  const text = await readFile(new URL(file, root), 'utf8')
  const names = text.matchAll(/(?:\bit|\))\(\s*(['"`])((?:(?!\1).)+)\1\s*,/g)
  return [...names].map(([, , name = '']) => name)
}

const rowsOf = (name: string): readonly string[] =>
  [...name.matchAll(/(?:\bV|ASVS |, )([67]\.\d\.\d+)\b/g)].map(([, row = '']) => row)

async function faultsOf({ row, shownBy }: Row): Promise<readonly string[]> {
  const files = [...shownBy.matchAll(/`([^`]+)`/g)].map(([, file = '']) => file)
  if (files.length === 0) {
    const isExplained = mayBeWithout.includes(row) && shownBy.startsWith('no test: ')
    return isExplained ? [] : [`${row}: no test`]
  }
  const named = await Promise.all(files.map(async (file) => (await namesIn(file)).flatMap(rowsOf)))
  return files.filter((_, index) => !named[index]?.includes(row)).map((file) => `${row}: not in ${file}`)
}

describe('ASVS V6 and V7', () => {
  it('are in the table of the docs, every row once and in order', async () => {
    expect((await table()).map(({ row }) => row)).toEqual(every)
  })

  it('have a test with the row’s number in its name in every file that the table names', async () => {
    const faults = await Promise.all((await table()).map(faultsOf))
    expect(faults.flat()).toEqual([])
  })

  it('are the only rows that tests name, so that none is misspelt', async () => {
    const strange: string[] = []
    for (const folder of ['test/', 'e2e/']) {
      const files = await readdir(new URL(folder, root), { recursive: true })
      for (const file of files.filter((one) => one.endsWith('.test.ts')))
        for (const row of (await namesIn(folder + file)).flatMap(rowsOf))
          if (!every.includes(row)) strange.push(`${file}: ${row}`)
    }
    expect(strange).toEqual([])
  })
})
