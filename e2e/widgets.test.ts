/**
 * Fills every widget of the gallery, reloads, clicks one other button, and compares row by row. The
 * click is the point: a new page draws defaults, and it is the next click that sends them back.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser, signIn } from './browser.ts'
import {
  clickAnother,
  clickAt,
  edit,
  exactly,
  galleryApp,
  type Report,
  report,
  reportWhere,
  until,
  upload,
  widget,
} from './gallery.ts'
import { type Running, removeFolder, runGateway } from './gateway.ts'

let gateway: Running
let browser: Browser
let page: Page

/** Closes whatever has opened over the page. */
async function leave(): Promise<void> {
  await page.keyboard.press('Escape')
  await page.mouse.click(5, 5)
}

async function type(kind: string, label: string, value: string, enter: string = 'Enter'): Promise<void> {
  const field = widget(page, kind, label).locator('input, textarea')
  await field.fill(value)
  await field.press(enter)
}

async function tick(label: string): Promise<void> {
  const box = page.getByTestId('stCheckbox').filter({ hasText: exactly(label) })
  await box.locator('label').first().click()
}

async function pick(kind: string, label: string, option: string): Promise<void> {
  await widget(page, kind, label).locator('input').first().click()
  await page.getByRole('option', { name: option, exact: true }).click()
  if (kind === 'stMultiSelect') await page.keyboard.press('Escape')
}

async function press(kind: string, label: string, option: string): Promise<void> {
  const choice = widget(page, kind, label)
    .locator('button, label')
    .filter({ hasText: exactly(option) })
  await choice.first().click()
}

async function slide(label: string, steps: number, thumb: number = 0): Promise<void> {
  const handle = widget(page, 'stSlider', label).getByRole('slider').nth(thumb)
  for (let step = 0; step < steps; step++) await handle.press('ArrowRight')
}

function rate(key: string, button: number): Promise<void> {
  return page.locator(`.st-key-${key} button`).nth(button).click()
}

/** Dates are one text box up to Streamlit 1.6x, and a row of number fields after that. */
async function date(kind: string, label: string, typed: string, digits: string): Promise<void> {
  const field = widget(page, kind, label)
  const segment = field.getByRole('spinbutton').first()
  if ((await segment.count()) > 0) {
    await segment.click()
    await page.keyboard.type(digits, { delay: 20 })
  } else {
    await field.locator('input').first().click()
    await page.keyboard.press('Control+A')
    await page.keyboard.type(typed, { delay: 20 })
  }
  await page.keyboard.press('Enter')
  await leave()
}

async function colour(label: string, value: string): Promise<void> {
  await widget(page, 'stColorPicker', label).getByTestId('stColorPickerBlock').click()
  await page.getByTestId('stColorPickerPopover').locator('input').first().fill(value)
  await page.keyboard.press('Enter')
  await leave()
}

async function typeInside(opener: Locator, label: string): Promise<void> {
  await opener.click()
  await type('stTextInput', label, 'inside')
  await leave()
}

/** One row per widget: how a person fills it. */
const rows: Record<string, () => Promise<void>> = {
  text_input: () => type('stTextInput', 'text', 'Ann'),
  'text_input keyed': () => type('stTextInput', 'text keyed', 'Bob'),
  'text_input None': () => type('stTextInput', 'text none', 'Zed'),
  text_area: () => type('stTextArea', 'area', 'two\nlines', 'Control+Enter'),
  'text_area keyed': () => type('stTextArea', 'area keyed', 'more', 'Control+Enter'),
  'number_input int': () => type('stNumberInput', 'int', '42'),
  'number_input float': () => type('stNumberInput', 'float', '2.75'),
  checkbox: () => tick('check'),
  'checkbox on': () => tick('check on'),
  toggle: () => tick('toggle'),
  'toggle keyed': () => tick('toggle keyed'),
  color_picker: () => colour('colour', '445566'),
  'feedback stars': () => rate('stars', 3),
  'feedback thumbs': () => rate('thumbs', 0),
  selectbox: () => pick('stSelectbox', 'select', 'cherry'),
  'selectbox keyed': () => pick('stSelectbox', 'select keyed', 'banana'),
  'selectbox format_func': () => pick('stSelectbox', 'select format', 'number 3'),
  'selectbox enum': () => pick('stSelectbox', 'select enum', 'Colour.BLUE'),
  'selectbox new option': async () => {
    await widget(page, 'stSelectbox', 'select new').locator('input').first().click()
    await type('stSelectbox', 'select new', 'fig')
  },
  multiselect: () => pick('stMultiSelect', 'multi', 'date'),
  'multiselect keyed': () => pick('stMultiSelect', 'multi keyed', 'cherry'),
  radio: () => press('stRadio', 'radio', 'cherry'),
  'radio keyed': () => press('stRadio', 'radio keyed', 'date'),
  pills: () => press('stButtonGroup', 'pills', 'banana'),
  'pills multi': () => press('stButtonGroup', 'pills multi', 'apple'),
  segmented_control: () => press('stButtonGroup', 'segments', 'date'),
  select_slider: () => slide('select slider', 1),
  'select_slider range': () => slide('select slider range', 1),
  slider: () => slide('slider', 2),
  'slider keyed': () => slide('slider keyed', 3),
  'slider range': () => slide('slider range', 1, 1),
  'slider date': () => slide('slider date', 4),
  date_input: () => date('stDateInput', 'date', '2026/02/20', '20260220'),
  'date_input None': () => date('stDateInput', 'date none', '2026/03/03', '20260303'),
  'date_input range': () => date('stDateInput', 'date range', '2026/02/01 – 2026/02/09', '2026020120260209'),
  time_input: () => date('stTimeInput', 'time', '09:45', '0945'),
  datetime_input: () => date('stDateTimeInput', 'datetime', '2026/02/03, 10:15', '202602031015'),
  file_uploader: () => upload(page, 'file', 'a.txt'),
  'file_uploader several': () => upload(page, 'files', 'b.txt', 'c.txt'),
  'bound to the URL': () => type('stTextInput', 'bound', 'shared'),
  'set by the app': () => page.getByRole('button', { name: 'Set by app' }).click(),
  'in a tab': () => type('stTextInput', 'tab text', 'one'),
  'in a hidden tab': () => typeInside(page.getByRole('tab', { name: 'Two' }), 'hidden tab text'),
  'in an expander': () => typeInside(page.getByTestId('stExpander').locator('summary'), 'expander text'),
  'in a popover': () => typeInside(page.getByTestId('stPopover').locator('button'), 'popover text'),
  'in the sidebar': () => type('stTextInput', 'sidebar text', 's'),
  conditional: async () => {
    await tick('more')
    await type('stTextInput', 'conditional text', 'c')
  },
  data_editor: () => edit(page.getByTestId('stDataFrame').first(), 'Cara'),
  'data_editor rows': () => edit(page.locator('.st-key-editor'), 'Dora'),
  'dataframe selection': () => clickAt(page.locator('.st-key-table canvas').first(), 15, 52),
  'chart selection': () =>
    clickAt(page.getByTestId('stVegaLiteChart').locator('canvas, svg').first(), 268, 88),
  'plain state': () => page.getByRole('button', { name: 'Count' }).click(),
}

/** Filled together, after the others. */
const together = ['in a form', 'in a form keyed', 'in a form upload', 'in a fragment', 'in a fragment keyed']
const everyRow = [...Object.keys(rows), ...together]

async function fillForm(): Promise<void> {
  await type('stTextInput', 'form text', 'draft', 'Tab')
  await slide('form slider', 3)
  await upload(page, 'form file', 'f.txt')
  await page.getByRole('button', { name: 'Send' }).click()
  await reportWhere(page, 'the form', (now) => now.values['in a form'] === 'draft')
}

/** A fragment's run does not reach the end of the page, so its values show after the next click. */
async function fillFragment(): Promise<void> {
  await type('stTextInput', 'fragment text', 'piece')
  await slide('fragment slider', 2)
  await until('the fragment', async () => (await clickAnother(page)).values['in a fragment keyed'] === 3)
}

/** What a person sees in every field. */
async function fields(): Promise<string[]> {
  const all = await page.locator('input:not([type=file]), textarea, [role=slider], [role=spinbutton]').all()
  return Promise.all(
    all.map(async (field) => {
      const [label, type, said] = await Promise.all(
        ['aria-label', 'type', 'aria-valuetext'].map((name) => field.getAttribute(name)),
      )
      const ticked = type === 'checkbox' || type === 'radio'
      const value = ticked ? String(await field.isChecked()) : (said ?? (await field.inputValue()))
      return `${label}: ${value}`
    }),
  )
}

describe('a widget after F5', () => {
  let blank: Report
  let filled: Report
  let first: Report
  let next: Report
  let shownBefore: string[]
  let shownAfter: string[]

  beforeAll(async () => {
    gateway = await runGateway({ app: galleryApp })
    browser = await openBrowser()
    page = await (await browser.newContext({ viewport: { width: 1500, height: 3600 } })).newPage()
    page.setDefaultTimeout(30_000)
    await page.goto(gateway.url)
    await signIn(page)
    blank = await reportWhere(page, 'the first run', () => true)
    for (const [name, fill] of Object.entries(rows)) {
      const before = JSON.stringify((await report(page)).values[name])
      await fill()
      await reportWhere(page, name, (now) => JSON.stringify(now.values[name]) !== before)
    }
    await fillForm()
    await fillFragment()
    filled = await clickAnother(page)
    shownBefore = await fields()
    await page.reload()
    first = await reportWhere(page, 'the first run after F5', () => true)
    // Streamlit's frontend draws an input empty and fills it a moment later.
    const isAsBefore = async (): Promise<boolean> => isDeepStrictEqual(await fields(), shownBefore)
    await until('the fields', isAsBefore, 5_000).catch(() => undefined)
    shownAfter = await fields()
    next = await clickAnother(page)
  }, 400_000)

  afterAll(async () => {
    await browser?.close()
    await gateway?.stop()
    if (gateway !== undefined) await removeFolder(gateway.folder)
  })

  it('is in the gallery, and filled, for every row', () => {
    const known = Object.keys(blank.values).filter((name) => name !== 'disabled')
    expect([...known, 'conditional'].sort()).toEqual([...everyRow].sort())
    for (const name of everyRow) expect(filled.values[name], name).not.toEqual(blank.values[name])
  })

  it.each(everyRow)('%s: same value in the first run and after the next click, no callback', (name) => {
    expect(first.values[name]).toEqual(filled.values[name])
    expect(next.values[name]).toEqual(filled.values[name])
    expect(next.fired[name]).toBe(filled.fired[name])
  })

  it('shows in every field what it showed before', () => {
    expect(shownAfter).toEqual(shownBefore)
  })
})
