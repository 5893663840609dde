/* What the browser test looks at from inside the page. */
/* global document, window, echarts */

/** Charts without extent, labels outside of their chart, labels over each other. */
window.labelFaults = () => {
  const faults = [];
  for (const svg of document.querySelectorAll('.drawing svg')) {
    const frame = svg.getBoundingClientRect();
    if (frame.width < 200 || frame.height < 80) faults.push('a chart is empty');
    const labels = [...svg.querySelectorAll('text')].map((text) => ({
      name: text.textContent,
      box: text.getBoundingClientRect(),
    }));
    for (const { name, box } of labels) {
      const across = box.left < frame.left - 1 || box.right > frame.right + 1;
      const down = box.top < frame.top - 1 || box.bottom > frame.bottom + 1;
      if (across || down) faults.push(`cut: ${name}`);
    }
    labels.forEach((one, i) => {
      for (const other of labels.slice(i + 1)) {
        const across = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
        const down = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top);
        if (across > 1 && down > 3) faults.push(`overlap: ${one.name} / ${other.name}`);
      }
    });
  }
  return faults;
};

/** Where a point of the chart of sizes lies in the window. */
window.pixelOf = (point) => {
  const place = document.querySelector('.drawing[data-part=sizes]');
  const box = place.getBoundingClientRect();
  const [x, y] = echarts.getInstanceByDom(place).convertToPixel({ seriesIndex: 0 }, point);
  return [box.x + x, box.y + y];
};
