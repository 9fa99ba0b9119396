/** What no message of Streamlit's server can show on a new page: files, edits, selections. The page before leaves it. */
import { beforeEach, describe, expect, it } from 'vitest'
import { signIn, signInPath } from './browser.ts'
import {
  clickAnother,
  clickAt,
  edit,
  galleryApp,
  type Report,
  report,
  reportWhere,
  upload,
  uploader,
} from './gallery.ts'
import { setStage } from './stage.ts'

const stage = setStage(() => ({ app: galleryApp }), { viewport: { width: 1500, height: 3600 } })

beforeEach(() => enterGallery('anna'))

async function enterGallery(name: string): Promise<void> {
  await stage.page.goto(stage.gateway.url)
  await signIn(stage.page, name)
  await reportWhere(stage.page, 'the first run', () => true)
}

/** Reloads, and waits for the run, of which there is one. */
async function reload(): Promise<Report> {
  const { runs } = await report(stage.page)
  await stage.page.reload()
  const now = await reportWhere(stage.page, 'the first run after F5', () => true)
  expect(now.runs).toBe(runs + 1)
  return now
}

function valueIs(name: string, value: unknown): Promise<Report> {
  const wanted = JSON.stringify(value)
  return reportWhere(
    stage.page,
    `${name} to be ${wanted}`,
    ({ values }) => JSON.stringify(values[name]) === wanted,
  )
}

const fileOf = (name: string) => ({ file: name, bytes: `in ${name}`.length })
const editors = {
  data_editor: () => stage.page.getByTestId('stDataFrame').first(),
  'data_editor rows': () => stage.page.locator('.st-key-editor'),
}

/** Takes a file out of an upload widget. */
async function remove(label: string, name: string): Promise<void> {
  await uploader(stage.page, label)
    .getByRole('button', { name: `Remove ${name}` })
    .click()
}

describe('an upload widget after F5', () => {
  it('shows its file, and keeps it after the next click and the next F5', async () => {
    await upload(stage.page, 'file', 'a.txt')
    await valueIs('file_uploader', fileOf('a.txt'))
    for (let times = 0; times < 2; times++) {
      expect((await reload()).values.file_uploader).toEqual(fileOf('a.txt'))
      await uploader(stage.page, 'file').getByText('a.txt').waitFor()
      await uploader(stage.page, 'file').getByText('8.0B').waitFor()
      const next = await clickAnother(stage.page)
      expect(next.values.file_uploader).toEqual(fileOf('a.txt'))
      expect(next.fired.file_uploader).toBe(1)
    }
  })

  it('shows both of two files, takes a third, and loses the one that is taken away', async () => {
    await upload(stage.page, 'files', 'b.txt', 'c.txt')
    await valueIs('file_uploader several', ['b.txt', 'c.txt'].map(fileOf))
    await reload()
    for (const name of ['b.txt', 'c.txt']) await uploader(stage.page, 'files').getByText(name).waitFor()
    await upload(stage.page, 'files', 'd.txt')
    await valueIs('file_uploader several', ['b.txt', 'c.txt', 'd.txt'].map(fileOf))
    await reload()
    await remove('files', 'c.txt')
    await valueIs('file_uploader several', ['b.txt', 'd.txt'].map(fileOf))
  })

  it('loses its only file when that is taken away first of all', async () => {
    await upload(stage.page, 'file', 'a.txt')
    await valueIs('file_uploader', fileOf('a.txt'))
    await reload()
    await remove('file', 'a.txt')
    expect((await valueIs('file_uploader', null)).fired.file_uploader).toBe(2)
    await reload()
    expect(await uploader(stage.page, 'file').getByText('a.txt').count()).toBe(0)
  })

  it('shows in a form what was submitted, but not once that was replaced: Streamlit deletes it before the submit', async () => {
    await upload(stage.page, 'form file', 'f.txt')
    await stage.page.getByRole('button', { name: 'Send' }).click()
    await valueIs('in a form upload', fileOf('f.txt'))
    await reload()
    await uploader(stage.page, 'form file').getByText('f.txt').waitFor()
    expect((await clickAnother(stage.page)).values['in a form upload']).toEqual(fileOf('f.txt'))
    await upload(stage.page, 'form file', 'draft.txt')
    await reload()
    expect(await uploader(stage.page, 'form file').getByText('.txt').count()).toBe(0)
    expect((await clickAnother(stage.page)).values['in a form upload']).toEqual(fileOf('f.txt'))
  })

  it('is empty when another person signs in in this tab, and nothing of the first is left there', async () => {
    await upload(stage.page, 'file', 'a.txt')
    await edit(editors.data_editor(), 'Cara')
    await valueIs('data_editor', { name: ['Cara', 'Bob'], n: [1, 2] })
    await reload()
    await stage.page.goto(`${stage.gateway.url}/auth/logout`)
    await stage.page.getByRole('button', { name: 'Sign out' }).click()
    await stage.page.waitForURL(signInPath)
    await enterGallery('ben')
    expect(await stage.page.evaluate('JSON.stringify({ ...sessionStorage })')).not.toMatch(/a\.txt|Cara/)
    expect(await uploader(stage.page, 'file').getByText('a.txt').count()).toBe(0)
    const { values } = await clickAnother(stage.page)
    expect(values.file_uploader).toBeNull()
    expect(values.data_editor).toEqual({ name: ['Ann', 'Bob'], n: [1, 2] })
  })
})

describe('a table after F5', () => {
  it.each(Object.keys(editors) as (keyof typeof editors)[])(
    '%s: has the earlier edits and the later ones',
    async (name) => {
      const table = editors[name]()
      await edit(table, 'Cara')
      await valueIs(name, { name: ['Cara', 'Bob'], n: [1, 2] })
      expect((await reload()).values[name]).toEqual({ name: ['Cara', 'Bob'], n: [1, 2] })
      expect((await clickAnother(stage.page)).fired[name]).toBe(1)
      await edit(table, 'Dora', 1)
      expect((await valueIs(name, { name: ['Cara', 'Dora'], n: [1, 2] })).fired[name]).toBe(2)
    },
  )

  it('has its selection, which can be taken back', async () => {
    const table = stage.page.locator('.st-key-table')
    await clickAt(table.locator('canvas').first(), 15, 52)
    await valueIs('dataframe selection', [0])
    expect((await reload()).values['dataframe selection']).toEqual([0])
    expect((await clickAnother(stage.page)).values['dataframe selection']).toEqual([0])
    await table.hover()
    await table.getByRole('button', { name: 'Clear selection' }).click()
    await valueIs('dataframe selection', [])
  })

  it('keeps the selection of a chart through the next click', async () => {
    await clickAt(stage.page.getByTestId('stVegaLiteChart').locator('canvas, svg').first(), 268, 88)
    const picked = { pick: [{ x: 2, y: 1 }] }
    await valueIs('chart selection', picked)
    expect((await reload()).values['chart selection']).toEqual(picked)
    expect((await clickAnother(stage.page)).values['chart selection']).toEqual(picked)
  })
})
