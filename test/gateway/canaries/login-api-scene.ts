/** The ways in and out of an API that knows people. */
import { startHarness } from '../harness.ts'
import { startLoginApi } from '../login-api-server.ts'
import { Visitor } from '../visitor.ts'
import { lookBehind, minute, own, person, type Scene, watchAnswers, word } from './scene.ts'

/** An API that knows people, and says too much of them. */
export async function loginApiScene(scene: Scene): Promise<void> {
  const { canaries } = scene
  const token = canaries.hide('the token of a login API', word('api'))
  const password = canaries.hide('a password of a login API', word('right'))
  const apiKey = canaries.hide('what a login API says and no app may know', word('key'))
  const api = await startLoginApi({ token, password })
  api.user = { id: 42, username: 'ada', name: 'Ada', email: person.email, roles: ['diver'], api_key: apiKey }
  let at = Date.now()
  const loginApi = { url: api.url, verifyUrl: api.verifyUrl, verifyEvery: 10 * minute }
  const to = await startHarness({ loginApi, store: scene.store, now: () => at })
  const stop = watchAnswers(scene)
  const visitor = new Visitor(to)
  await visitor.enter('ada', canaries.hide('a mistyped password of a login API', word('wrong')))
  await visitor.enter('ada', password)
  for (const path of ['/x', `${own}/session`, `${own}/account`]) await visitor.get(path)
  const asked = api.checks()
  at += 10 * minute
  while (api.checks() === asked) await visitor.get('/x')
  const answers = [`<html>${password} ${token}`, `{"error":"${token}"`, JSON.stringify([password, token])]
  for (const instead of answers) {
    api.instead = null
    const inside = new Visitor(to)
    await inside.enter('ada', password)
    api.instead = (response) => response.end(instead)
    await new Visitor(to).enter('ada', password)
    at += 10 * minute
    const before = api.checks()
    while (api.checks() === before) await inside.get('/x')
  }
  await lookBehind(scene, to)
  stop()
}
