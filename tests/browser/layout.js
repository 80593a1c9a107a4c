// What is wrong with the layout of this page, in words: text or controls beyond the page, cut off, out of their own
// box, or upon each other. What is fine is fine by rule: inside what scrolls, cut off with an ellipsis, hidden from
// sight for screen readers, decoration that takes no clicks, a layer of its own above the page.
() => {
  const SLACK = 2;
  const SHORT = 60;
  const pageWidth = document.documentElement.clientWidth;
  const faults = new Set();
  const styles = new Map();
  const style = (element) => {
    if (!styles.has(element)) styles.set(element, getComputedStyle(element));
    return styles.get(element);
  };
  const seen = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const told = (element, text) =>
    `<${element.localName}${element.id ? "#" + element.id : ""}${[...element.classList].slice(0, 2).map((each) => "." + each).join("")}> ` +
    JSON.stringify((text ?? element.value ?? element.textContent ?? "").trim().replace(/\s+/g, " ").slice(0, SHORT));
  const plain = (rect) => ({ left: rect.left, right: rect.right, top: rect.top, bottom: rect.bottom });

  // Elements above this one, as far as they hold it: what is fixed is held by nothing, what is absolute by the next
  // above that has a position.
  const holders = new Map();
  const holderOf = (element) => {
    let holder = element.parentElement;
    if (style(element).position === "fixed") return null;
    if (style(element).position === "absolute") {
      while (holder && style(holder).position === "static") holder = holder.parentElement;
    }
    return holder;
  };
  const holdersOf = (element) => {
    if (!holders.has(element)) {
      const holder = holderOf(element);
      holders.set(element, holder ? [holder, ...holdersOf(holder)] : []);
    }
    return holders.get(element);
  };
  const around = (element) => [element, ...holdersOf(element)];
  const isForReadersOnly = (element) => around(element).some((each) => {
    const box = each.getBoundingClientRect();
    return style(each).overflow !== "visible" && box.width <= 2 && box.height <= 2;
  });
  const isDecoration = (element) => around(element).some((each) => style(each).pointerEvents === "none");
  const isIcon = (element) => /symbols|icons/i.test(style(element).fontFamily); // one glyph, of any size
  const isEllipsis = (element) => style(element).textOverflow === "ellipsis" || style(element).webkitLineClamp !== "none";

  // The part of a rectangle that one sees; cutting without a way to scroll is a fault.
  const inSight = (element, rect, text) => {
    const part = plain(rect);
    let scrolls = false;
    for (const holder of around(element)) {
      const { overflowX, overflowY } = style(holder);
      if (overflowX === "visible" && overflowY === "visible") continue;
      if (holder === document.body || holder === document.documentElement) continue;
      if (holder.localName === "svg") continue;
      const box = holder.getBoundingClientRect();
      const canScroll = [overflowX, overflowY].some((each) => each === "auto" || each === "scroll");
      const cut = (overflowX !== "visible" && (part.right > box.right + SLACK || part.left < box.left - SLACK)) ||
        (overflowY !== "visible" && (part.bottom > box.bottom + 2 * SLACK || part.top < box.top - 2 * SLACK));
      if (cut && !canScroll && !scrolls && !isEllipsis(holder) && !around(element).some(isEllipsis)) {
        faults.add(`cut off: ${told(element, text)} by ${told(holder, "")}`);
      }
      scrolls ||= canScroll;
      if (overflowX !== "visible") {
        part.left = Math.max(part.left, box.left);
        part.right = Math.min(part.right, box.right);
      }
      if (overflowY !== "visible") {
        part.top = Math.max(part.top, box.top);
        part.bottom = Math.min(part.bottom, box.bottom);
      }
    }
    return part.right - part.left > 1 && part.bottom - part.top > 1 ? part : null;
  };

  const blockOf = (element) => around(element).find((each) => !["inline", "contents"].includes(style(each).display));
  const spills = (rect, box) =>
    rect.right > box.right + SLACK || rect.left < box.left - SLACK || rect.bottom > box.bottom + 2 * SLACK;

  // A layer lies above the page by intention: menus, sticky headers, dialogs.
  const layerOf = (element) => around(element).find((each) =>
    ["fixed", "sticky"].includes(style(each).position) ||
    (style(each).position === "absolute" && style(each).zIndex !== "auto")) ?? document.body;

  const boxes = [];
  const add = (element, rect, text, isText) => {
    const part = inSight(element, rect, text);
    if (!part) return;
    const layer = layerOf(element);
    const isAside = layer !== document.body && (part.right <= 1 || part.left >= pageWidth - 1);
    if (isAside) return;
    if (part.right > pageWidth + 1 || part.left < -1) faults.add(`beyond the page: ${told(element, text)}`);
    const height = part.bottom - part.top;
    if (isText) { part.top += height * 0.22; part.bottom -= height * 0.22; }
    boxes.push({ element, part, text, layer, isText });
  };

  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || element.closest("script, style, noscript, option, textarea, template")) continue;
    if (!seen(element) || isForReadersOnly(element)) continue;
    range.selectNodeContents(node);
    const block = blockOf(element);
    const isSvg = Boolean(element.closest("svg"));
    for (const rect of range.getClientRects()) {
      if (rect.width < 1 || rect.height < 1) continue;
      const outside = !isSvg && !isIcon(element) && block && style(block).overflowX === "visible" && spills(rect, block.getBoundingClientRect());
      if (outside) faults.add(`text out of its box: ${told(block, node.data)}`);
      add(element, rect, node.data, true);
    }
  }
  for (const element of document.querySelectorAll("input:not([type=hidden]), select, textarea, button, img, [role=button], .lw-button, .lw-badge")) {
    const rect = element.getBoundingClientRect();
    if (!seen(element) || isForReadersOnly(element) || rect.width < 3 || rect.height < 3) continue;
    add(element, rect, undefined, false);
  }
  // Elements in the flow stay within the element that holds them, where that one does not scroll.
  for (const element of document.querySelectorAll("main *, #main *, #content *")) {
    const parent = element.parentElement;
    if (!seen(element) || element.closest("svg") || isForReadersOnly(element)) continue;
    const { position, display, marginLeft, marginRight } = style(element);
    if (position === "absolute" || position === "fixed" || ["inline", "contents"].includes(display)) continue;
    if (parseFloat(marginLeft) < 0 || parseFloat(marginRight) < 0) continue;
    if (["inline", "contents"].includes(style(parent).display) || style(parent).overflowX !== "visible") continue;
    const rect = element.getBoundingClientRect();
    const box = parent.getBoundingClientRect();
    if (rect.width && box.width && (rect.right > box.right + SLACK || rect.left < box.left - SLACK)) {
      faults.add(`wider than what holds it: ${told(element)} in ${told(parent, "")}`);
    }
  }
  if (document.documentElement.scrollWidth > pageWidth + 1) faults.add("the page scrolls sideways");

  const boxed = boxes.filter((each) => !isDecoration(each.element));
  boxed.sort((one, other) => one.part.top - other.part.top);
  boxed.forEach((one, position) => {
    for (let next = position + 1; next < boxed.length; next += 1) {
      const other = boxed[next];
      if (other.part.top >= one.part.bottom - SLACK) break;
      const wide = Math.min(one.part.right, other.part.right) - Math.max(one.part.left, other.part.left);
      const high = Math.min(one.part.bottom, other.part.bottom) - other.part.top;
      if (wide <= SLACK || high <= SLACK || one.layer !== other.layer) continue;
      if (one.element.contains(other.element) || other.element.contains(one.element)) continue;
      faults.add(`upon each other: ${told(one.element, one.text)} and ${told(other.element, other.text)}`);
    }
  });
  return [...faults].slice(0, 20);
}
