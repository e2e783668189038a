import './format/mend-language.ts';
import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import { App } from './app.tsx';
import './style/colours.css';
import './style/page.css';
import './style/controls.css';
import './style/figures.css';
import './style/chart.css';
import './style/tables.css';
import './style/orders.css';

render(<App />, document.getElementById('dashboard')!);
