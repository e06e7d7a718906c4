/** A CommonJS program: a configuration as its argument in, the text of one reply out. */
const { Router } = require("clawrouters");

const params = { model: "alpha/m", messages: [{ role: "user", content: "hi" }] };
new Router(JSON.parse(process.argv[2])).chat.completions
  .create(params)
  .then((reply) => console.log(reply.choices[0].message.content));
