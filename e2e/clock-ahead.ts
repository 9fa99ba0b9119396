/** Preloaded into the command (`--import`): its clock goes ahead by HOLDFAST_TEST_DAYS_AHEAD days, its threads' too. */
const ahead = Number(process.env.HOLDFAST_TEST_DAYS_AHEAD ?? '0') * 86_400_000
const realNow = Date.now.bind(Date)

Date.now = () => realNow() + ahead

export {}
