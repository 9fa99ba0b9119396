/** Signs 200 people in, whose weak hashes are replaced, while 20 register, all at once; prints each who is acknowledged. */
import { passwordHasher } from '../../../src/auth/password-hash.ts'
import { openUsersFile } from '../../../src/auth/users-file.ts'

const [path = ''] = process.argv.slice(2)
const users = await openUsersFile(path, {
  hasher: passwordHasher({ memoryKiB: 64, passes: 1, waiting: 1000, patience: 60 }),
  patience: 60,
})
const signIn = users.authenticator()
const never = new AbortController().signal
const signIns = Array.from({ length: 200 }, async (_, n) => {
  const identity = await signIn.verify(`p${n}`, `secret of p${n}`, never)
  if (identity === null) throw new Error(`p${n} was refused`)
  process.stdout.write(`signed-in p${n}\n`)
})
const registrations = Array.from({ length: 20 }, async (_, n) => {
  const email = `n${n}@example.org`
  if (!users.isPreauthorized(email)) return
  const outcome = await users.register(`n${n}`, { password: `xq7-vbwz-n${n}`, email, name: `New ${n}` })
  if (typeof outcome === 'string' || !outcome.done) throw new Error(JSON.stringify(outcome))
  process.stdout.write(`registered n${n}\n`)
})
await Promise.all([...signIns, ...registrations])
await users.close()
