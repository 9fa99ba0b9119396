/** Adds users until it has added as many as asked, and prints each name once that user is acknowledged. */
import { passwordHasher } from '../../../src/auth/password-hash.ts'
import { openUsersFile } from '../../../src/auth/users-file.ts'

const [path = '', prefix = '', count = '0'] = process.argv.slice(2)
const users = await openUsersFile(path, {
  hasher: passwordHasher({ memoryKiB: 64, passes: 1 }),
  patience: 60,
})
for (let n = 0; n < Number(count); n += 1) {
  const name = `${prefix}${n}`
  const outcome = await users.add(name, { password: `xq7-vbwz-${name}`, roles: ['added'] })
  if (!outcome.done) throw new Error(outcome.message)
  process.stdout.write(`${name}\n`)
}
await users.close()
