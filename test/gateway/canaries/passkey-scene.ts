/** The ways in by a passkey. */
import { Authenticator } from '../authenticator.ts'
import { startHarness } from '../harness.ts'
import { Visitor } from '../visitor.ts'
import { lookBehind, own, person, type Scene, watchAnswers, word } from './scene.ts'

/** A passkey, as the second factor and as the only one. */
export async function passkeyScene(scene: Scene): Promise<void> {
  const { canaries } = scene
  const origin = 'https://kelp.example.org'
  const to = await startHarness({ publicUrl: origin, store: scene.store })
  const stop = watchAnswers(scene)
  const password = canaries.hide('a password beside a passkey', word('kelp'))
  await to.users.add(person.userId, { ...person, password })
  const owner = new Visitor(to)
  await owner.enter(person.userId, password)
  const device = new Authenticator()
  await owner.get(`${own}/account/factors`)
  await owner.post(`${own}/account/factors`, { action: 'passkey-start', password })
  const made = device.create(owner.asked(), { origin })
  await owner.post(`${own}/account/factors`, { action: 'passkey-confirm', passkey: made })
  const visitor = new Visitor(to)
  await visitor.enter(person.userId, password)
  await visitor.get(`${own}/factor`)
  const used = device.get(visitor.asked(), { origin })
  await visitor.post(`${own}/factor`, { action: 'passkey', passkey: used })
  const alone = new Visitor(to)
  await alone.get(`${own}/sign-in`)
  await alone.post(`${own}/passkey`, { passkey: device.get(alone.asked(), { origin }) })
  if (!(await visitor.isIn()) || !(await alone.isIn())) throw new Error('The passkey did not sign in.')
  // An answer counts once, but nobody has to know even one that was used.
  for (const answer of [used, made]) {
    const { response } = JSON.parse(answer) as { response: Record<string, string> }
    canaries.hide('what a passkey signed', response.signature ?? response.attestationObject ?? '')
  }
  await lookBehind(scene, to)
  stop()
}
