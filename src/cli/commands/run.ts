import { settings } from '../../gateway/settings.ts'
import type { Command } from '../command.ts'
import { configured, startingApp } from '../configured.ts'

/** Starts an app and stands in front of it. */
export const runCommand: Command = {
  name: 'run',
  synopsis: '[options] -- <command…>',
  about: 'Start the app and the gateway in front of it',
  settings: settings.map(({ key }) => key).filter((key) => key !== 'upstream'),
  options: [],
  words: [0, 0],
  takesCommand: true,
  notes: [
    'The app is started on a free port of 127.0.0.1, told to it in the environment (PORT, STREAMLIT_SERVER_PORT, …) and ' +
      'in place of {port} in its command. It is started again when it dies, and ends with the gateway.',
  ],
  examples: [
    [
      'holdfast run -- streamlit run app.py',
      'Serves app.py at http://127.0.0.1:8080 to the users of users.yaml.',
    ],
    [
      'holdfast run --public-url https://apps.example.org/survey --listen 0.0.0.0:8080 -- streamlit run app.py',
      'The same for browsers that come by https through a proxy with a certificate.',
    ],
    [
      'holdfast run --access anyone -- python app.py --port {port}',
      'Any other app; visitors need not sign in.',
    ],
  ],
  async run(call) {
    const config = startingApp(await configured(call), call)
    const { serveUntilStopped } = await import('../serving.ts')
    return serveUntilStopped(config)
  },
}
