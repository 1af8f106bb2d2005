#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod axis;
mod bitmap;
mod chart;
mod colour;
mod colour_map;
mod error;
mod finite_size;
mod frame;
mod grid;
mod heat_maps;
mod loss_curves;
mod marker;
mod matrix;
mod output;
mod page;
mod phase_map;
mod planes;
mod predictions;
mod scene;
mod svg;
mod text;
mod validate;
mod weight_panels;

pub use axis::Scale;
pub use chart::{Chart, ChartMark, ChartPoint, ChartSeries, chart};
pub use colour_map::Colours;
pub use error::{Cause, Error, Result};
pub use finite_size::{FiniteSize, FiniteSizePoint, FiniteSizeSeries, finite_size};
pub use heat_maps::{HeatMap, HeatMaps, heat_maps};
pub use loss_curves::{LossCurves, LossPoint, LossSeries, loss_curves};
pub use matrix::{Rug, WeightBlock, rug, weight_block};
pub use output::{Written, check_writable};
pub use phase_map::{Boundary, PhaseMap, phase_map};
pub use planes::{Plane, PlaneVector, Planes, planes};
pub use predictions::{PredictedLoss, Predictions, predictions};
pub use weight_panels::{WeightPanel, WeightPanels, weight_panels};
