import { guest, op } from "wit-wire-guest";

export const matWire = guest({
  // A handler takes the input and returns the result.
  add: ({ a, b }) => a + b,

  // Its second argument makes hostcalls.
  describe(city, ctx) {
    const { celsius, sky } = ctx.hostcall("weather", { city });
    return `${city}: ${sky}, ${celsius} °C`;
  },

  // An op with data makes its handler from them, once.
  scale: op(({ factor }) => {
    if (typeof factor !== "number") throw new TypeError("scale needs a factor");
    return (numbers) => numbers.map((number) => number * factor);
  }),
});
