import { describe, expect, it } from 'vitest'
import { enter, holds, settled, shown, shows, signIn } from './browser.ts'
import { setStage } from './stage.ts'

const stage = setStage()

describe('F5', () => {
  it('B6: ten times: always signed in, the same live Streamlit session, not one frame of the sign-in form', async () => {
    await enter(stage.page, stage.gateway.url)
    const session = await shown(stage.page, 'session')
    await stage.page.getByRole('button', { name: 'Count' }).click()
    await shows(stage.page, 'count', '1')
    const visited: string[] = []
    stage.page.on('framenavigated', (frame) => visited.push(new URL(frame.url()).pathname))
    for (let times = 0; times < 10; times++) {
      await stage.page.reload()
      await settled(stage.page)
      expect(await shown(stage.page, 'session')).toBe(session)
      expect(await shown(stage.page, 'count')).toBe('1')
    }
    expect(visited).toEqual(Array(10).fill('/'))
    await stage.page.getByRole('button', { name: 'Count' }).click()
    await shows(stage.page, 'count', '2')
  })

  it('B7: the first run after F5 already has the state, and there is one run per load', async () => {
    await enter(stage.page, stage.gateway.url)
    await stage.page.getByRole('button', { name: 'Count' }).click()
    await shows(stage.page, 'count', '1')
    await settled(stage.page)
    const runs = Number(await shown(stage.page, 'runs'))
    await stage.page.reload()
    await settled(stage.page)
    expect(await shown(stage.page, 'count')).toBe('1')
    expect(Number(await shown(stage.page, 'runs'))).toBe(runs + 1)
  })

  it('B8: stays on the same page with its query, also across an enforced sign-in', async () => {
    await stage.page.goto(`${stage.gateway.url}/second?x=1`)
    await signIn(stage.page)
    await settled(stage.page)
    expect(stage.page.url()).toBe(`${stage.gateway.url}/second?x=1`)
    await stage.page.getByRole('button', { name: 'Mark' }).click()
    await shows(stage.page, 'marks', '1')
    await stage.page.reload()
    await settled(stage.page)
    expect(stage.page.url()).toBe(`${stage.gateway.url}/second?x=1`)
    expect(await shown(stage.page, 'marks')).toBe('1')
  })

  it('in the middle of a run shows the page again, and nothing of the run that was cut off', async () => {
    await enter(stage.page, stage.gateway.url)
    await stage.page.getByRole('button', { name: 'Count' }).click()
    await shows(stage.page, 'count', '1')
    await settled(stage.page)
    const session = await shown(stage.page, 'session')
    for (let times = 0; times < 5; times++) {
      await stage.page.getByRole('button', { name: 'Long' }).click()
      await stage.page.getByText('line 20').first().waitFor()
      await stage.page.reload()
      await settled(stage.page)
      expect(await stage.page.getByText(/^line \d/).count()).toBe(0)
      expect(await shown(stage.page, 'session')).toBe(session)
      expect(await shown(stage.page, 'count')).toBe('1')
    }
  })

  it('keeps what widgets show, keyed or not, through the next interaction with another one', async () => {
    await enter(stage.page, stage.gateway.url)
    await stage.page.getByLabel('Keyed', { exact: true }).fill('Zed')
    await stage.page.getByLabel('Keyed', { exact: true }).press('Enter')
    await shows(stage.page, 'keyed', 'Zed')
    await stage.page.getByLabel('Unkeyed').fill('Yan')
    await stage.page.getByLabel('Unkeyed').press('Enter')
    await shows(stage.page, 'unkeyed', 'Yan')
    await stage.page.reload()
    await settled(stage.page)
    await holds(stage.page, 'Keyed', 'Zed')
    await holds(stage.page, 'Unkeyed', 'Yan')
    await stage.page.getByRole('button', { name: 'Count' }).click()
    await shows(stage.page, 'count', '1')
    expect(await shown(stage.page, 'keyed')).toBe('Zed')
    expect(await shown(stage.page, 'unkeyed')).toBe('Yan')
  })
})
