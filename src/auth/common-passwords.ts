import { createRequire } from 'node:module'

// Offline on purpose: asking a service about a password would tell it. Words are matched with digits and punctuation
// around them taken away, so one line here stands for a thousand lines of a leaked list.

/** Words that are no password, whatever digits and signs stand before or behind them. */
export const commonWords: ReadonlySet<string> = new Set(
  `password passwort passw0rd p@ssw0rd p@ssword pa$$word passwd pass contraseña contrasena senha motdepasse parola
  wachtwoord haslo hasło lozinka salasana losenord lösenord wordpass mypassword newpassword thepassword yourpassword
  changeme changeit changethis letmein letmeinnow openme opensesame trustno trustnoone secret topsecret mysecret
  secretpassword default temporary temppass temppassword initial example sample testing tester testtest test
  admin administrator admins root rootroot superuser sysadmin webadmin manager operator guest guestguest user username
  login signin welcome welcomehome hello hellohello helloworld hallo hallohallo bonjour hola iloveyou iloveu ilovegod
  loveyou lovelove lovely loveme mylove forever friends friendship family mother father brother sister daughter
  qwerty qwert qwertz azerty qwertyui qwertyuiop qwertzuiop azertyuiop asdfgh asdfghjkl asdfasdf asdf zxcvbn zxcvbnm
  yxcvbnm qazwsx qazwsxedc wsxedc zaqwsx zaqxsw qweasd qweasdzxc asdqwe qweqwe qweqweqwe abcd abcde abcdef abcdefg
  abcdefgh abc abcabc aaaaaa dragon monkey football baseball basketball soccer hockey superman batman spiderman
  ironman pokemon starwars startrek naruto minecraft fortnite liverpool chelsea arsenal barcelona realmadrid juventus
  manchester yankees cowboys steelers lakers eagles tigers panthers broncos packers sunshine princess princesa
  butterfly chocolate cookie cookies cheese banana orange strawberry computer internet samsung android iphone google
  facebook youtube instagram whatsapp microsoft windows linux ubuntu database server oracle cisco mustang corvette
  ferrari porsche mercedes harley yamaha jennifer michelle michael jordan jessica ashley daniel charlie thomas
  andrew anthony matthew joshua nicholas christopher alexander alexandra victoria elizabeth samantha amanda nicole
  patrick robert william richard sebastian benjamin maximilian christian stephanie vanessa isabella gabriel gabriela
  spring summer autumn winter january february march april august september october november december monday tuesday
  wednesday thursday friday saturday sunday london paris berlin madrid newyork chicago dallas houston boston america
  canada germany deutschland france england scotland ireland australia mexico brasil brazil argentina colombia india
  shadow master killer hunter ranger phoenix blackbird whatever nothing anything something access matrix maverick
  mercury jupiter thunder lightning diamond crystal golden silver purple rainbow flower flowers freedom liberty
  peace jesus jesuschrist jesuslovesme godisgood blessed blessing heaven angel angels babygirl babyboy sweetheart
  sweetie darling honey beautiful gorgeous blink fuckyou fuckoff asshole bullshit biteme
  holdfast streamlit dashboard gradio jupyter notebook python pandas dataapp`.split(/\s+/),
)

/** Whole passwords that are among the first to be tried and hold no such word. */
export const commonPasswords: ReadonlySet<string> = new Set(
  `12345678 123456789 1234567890 12345678910 0123456789 01234567 87654321 987654321 9876543210 123123123 123321123
  11223344 1122334455 112233445566 12341234 123412345 1234512345 12344321 1234554321 123456654321 147258369 159753456
  741852963 963852741 789456123 789654123 456789123 147852369 123654789 321654987 159357258 102030405060 10203040
  1029384756 1357924680 13579246 24681357 246810121416 31415926 314159265 27182818 19841984 20002000 20202020 10101010
  1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx 1qaz2wsx3edc 1qazxsw2 2wsx3edc q1w2e3r4 q1w2e3r4t5 a1b2c3d4 a1b2c3d4e5
  1a2b3c4d 1a2b3c4d5e abc12345 abcd1234 abc123abc a123456789 a12345678 aa123456 aa12345678 aa123456789 1234qwer
  qwer1234 qwer4321 asdf1234 zxcv1234 1234abcd 123qweasd 123qwe123 qwe123qwe 123qweasdzxc 12qwaszx qwaszx12 zaq12wsx
  zaq1xsw2 zaq1zaq1 xsw2zaq1 !qaz2wsx 1qaz@wsx !@#$%^&* !@#$%^&*() 1!2@3#4$ p@$$w0rd p@55w0rd pa55word pa55w0rd
  passw0rd1 l3tm31n! adm1n123 @dmin123 w3lcome1 we1come1 h3ll0123 love4ever 4everyoung 8675309a ncc1701d ncc1701e
  thx1138thx blink182 rush2112 area51area agent007 james007 bond007bond 007007007 69696969 420420420 666666666
  correcthorsebatterystaple`
    .split(/\s+/)
    .concat('correct horse battery staple'),
)

/**
 * Whether a password, in lower case, is on the list of leaked ones, most used first: 17,950 of its entries are long enough
 * for us, which is more than the 3,000 that ASVS 6.2.4 asks for.
 */
export function isLeaked(lower: string): boolean {
  // Loaded when a password is set, which few processes ever do: it takes 50 ms and 18 MB.
  const list: { readonly dictionary: Readonly<Record<string, readonly string[]>> } = createRequire(
    import.meta.url,
  )('@zxcvbn-ts/language-common')
  return list.dictionary['passwords-common']?.includes(lower) ?? false
}
