/** The app behind the gateway, in a process of its own: accepts every WebSocket and says nothing. Tells its port. */
import { acceptUpgrade, recordingUpstream } from '../gateway/recording-upstream.ts'

const app = await recordingUpstream({
  keepBodies: false,
  onUpgrade: (_request, socket) => acceptUpgrade(socket),
})
process.send?.(app.port)
process.on('disconnect', () => process.exit())
