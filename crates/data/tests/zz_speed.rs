//! x
use std::time::Instant;
use toy_superposition_data::*;
fn time<D: Distribution>(name:&str, d:&D){
 for threads in [1,2]{ let pool=rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
 pool.install(||{ let mut s=Sampler::<f32>::new(); let mut b=SparseBatch::new(d.features()).unwrap(); let mut ts=vec![];
 for k in 0..60u64 { let t=Instant::now(); s.sample_into(d,1,k*1024,1024,&mut b).unwrap(); ts.push(t.elapsed().as_secs_f64()*1e3);} ts.sort_by(f64::total_cmp);
 println!("{name} threads {threads}: median {:.3} ms best {:.3} nnz {}",ts[30],ts[0],b.non_zeros()); }); } }
#[test] #[ignore]
fn speed(){ for p in [0.001,0.01,0.05,0.0625,0.1,0.5,0.8,1.0]{ time(&format!("p {p}"),&Features::paper(2048,p).unwrap()); }
 let v:Vec<f64>=(0..2048).map(|i|0.8*0.99f64.powi(i)).collect(); time("perfeature geo",&Features::new(Independent::per_feature(&v).unwrap(),UnitUniform));
 time("perfeature 0.8",&Features::new(Independent::per_feature(&[0.8;2048]).unwrap(),UnitUniform));
 time("exactly 20",&Features::new(Exactly::new(2048,20).unwrap(),UnitUniform));
 time("exactly 400",&Features::new(Exactly::new(2048,400).unwrap(),UnitUniform));
 time("exactly 800",&Features::new(Exactly::new(2048,800).unwrap(),UnitUniform));
 time("pairs .01",&Features::new(Pairs::new(1024,0.01,0.5).unwrap(),UnitUniform));
}
