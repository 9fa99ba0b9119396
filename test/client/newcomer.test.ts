import { expect, it } from 'vitest'
import { setClientStage } from './client-stage.ts'

const stage = setClientStage()

it('a page of nobody opens its socket at once where too many have come, and asks again when it is loaded again', async () => {
  stage.gateway.config = { signedIn: false, begin: true }
  stage.gateway.crowded = true
  const opened = stage.gateway.connected('/stream')
  const page = await stage.browser.open(stage.gateway.url('/app'))
  expect(await opened).toMatch(/^[\w-]{22}$/)
  expect(await page.evaluate('tab')).toBe(await opened)
  await page.evaluate(`told(new WebSocket('ws://' + location.host + '/stream'))`)
  expect(stage.gateway.requests).toEqual(['POST begin', 'begun'])
  expect(await page.evaluate('window.faults')).toBeUndefined()
  stage.gateway.crowded = false
  await page.reload()
  expect(await page.evaluate('tab')).toBe(await opened)
  expect(stage.gateway.requests).toEqual(['POST begin', 'begun', 'POST begin', 'begun'])
})
