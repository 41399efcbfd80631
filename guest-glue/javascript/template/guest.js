import { guest, op } from "wit-wire-guest";

export const matWire = guest({
  // A handler takes the input and returns the result.
  add: ({ a, b }) => a + b,

  // Its second argument is the way to the host.
  describe(city, ctx) {
    const { celsius, sky } = ctx.hostcall("weather", { city });
    return `${city}: ${sky}, ${celsius} °C`;
  },

  // An op that the host gives data makes its handler from it, once.
  scale: op(({ factor }) => {
    if (typeof factor !== "number") throw new TypeError("scale needs a factor");
    return (numbers) => numbers.map((number) => number * factor);
  }),
});
