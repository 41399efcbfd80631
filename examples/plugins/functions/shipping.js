export const shipping = (order, ctx) => {
  const price = order.total >= 50 ? 0 : ctx.hostcall("price", "parcel");
  return { ...order, shipping: price, total: order.total + price };
};
