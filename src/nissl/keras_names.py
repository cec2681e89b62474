"""Names of Keras 3 that are not here yet, and arguments that are taken where they are off.

One table for all modules. Asked for a name of it, a module says that it is not there yet, and what
is nearest; asked for another name that it lacks, it says that there is none. A test holds that no
name of the table exists.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["ARGUMENTS", "INSTEAD", "MEMBERS", "NAMES", "SPOKEN", "is_off"]

NAMES: Final[Mapping[str, str]] = {
    "": """
        DTypePolicy FloatDTypePolicy Function Initializer InputSpec KerasTensor Layer Loss
        Metric Operation Optimizer Quantizer Regularizer RematScope StatelessScope
        SymbolicScope applications config constraints device distillation distribution
        dtype_policies export mixed_precision name_scope ops preprocessing quantizers
        regularizers remat saving tree visualization wrappers
    """,
    "layers": """
        ActivityRegularization AdaptiveAveragePooling1D AdaptiveAveragePooling2D
        AdaptiveAveragePooling3D AdaptiveMaxPooling1D AdaptiveMaxPooling2D
        AdaptiveMaxPooling3D Add AdditiveAttention AlphaDropout Attention AugMix
        AutoContrast Average AveragePooling1D AveragePooling2D AveragePooling3D AvgPool1D
        AvgPool2D AvgPool3D BatchNormalization Bidirectional CategoryEncoding CenterCrop
        Concatenate ContrastLimitedAdaptiveHistogramEqualization Conv1D Conv1DTranspose
        Conv2D Conv2DTranspose Conv3D Conv3DTranspose ConvLSTM1D ConvLSTM2D ConvLSTM3D
        Convolution1D Convolution1DTranspose Convolution2D Convolution2DTranspose
        Convolution3D Convolution3DTranspose Cropping1D Cropping2D Cropping3D CutMix
        DepthwiseConv1D DepthwiseConv2D Discretization Dot ELU EinsumDense Embedding
        Equalization FlaxLayer GRU GRUCell GaussianDropout GaussianNoise
        GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D GlobalAvgPool1D
        GlobalAvgPool2D GlobalAvgPool3D GlobalMaxPool1D GlobalMaxPool2D GlobalMaxPool3D
        GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D GroupNormalization
        GroupQueryAttention HashedCrossing Hashing Identity InputSpec IntegerLookup JaxLayer
        LSTM LSTMCell Lambda LayerNormalization LeakyReLU Masking MaxNumBoundingBoxes
        MaxPool1D MaxPool2D MaxPool3D MaxPooling1D MaxPooling2D MaxPooling3D Maximum
        MelSpectrogram Minimum MixUp MultiHeadAttention Multiply Normalization PReLU Permute
        Pipeline RMSNormalization RNN RandAugment RandomBrightness RandomColorDegeneration
        RandomColorJitter RandomContrast RandomCrop RandomElasticTransform RandomErasing
        RandomFlip RandomGaussianBlur RandomGrayscale RandomHue RandomInvert
        RandomPerspective RandomPosterization RandomRotation RandomSaturation
        RandomSharpness RandomShear RandomTranslation RandomZoom ReLU RepeatVector Reshape
        Resizing ReversibleEmbedding STFTSpectrogram SeparableConv1D SeparableConv2D
        SeparableConvolution1D SeparableConvolution2D SimpleRNN SimpleRNNCell Softmax
        Solarization SpatialDropout1D SpatialDropout2D SpatialDropout3D
        SpectralNormalization StackedRNNCells StringLookup Subtract TFSMLayer TernaryDense
        TextVectorization TimeDistributed TorchModuleWrapper UnitNormalization UpSampling1D
        UpSampling2D UpSampling3D Wrapper ZeroPadding1D ZeroPadding2D ZeroPadding3D add
        average concatenate dot maximum minimum multiply subtract
    """,
    "losses": """
        BinaryFocalCrossentropy CTC CategoricalFocalCrossentropy
        CategoricalGeneralizedCrossEntropy Circle Dice Tversky binary_focal_crossentropy
        categorical_focal_crossentropy categorical_generalized_cross_entropy circle ctc dice
        tversky
    """,
    "metrics": """
        AUC BinaryIoU ConcordanceCorrelation IoU MeanIoU OneHotIoU OneHotMeanIoU
        PearsonCorrelation PrecisionAtRecall RecallAtPrecision SensitivityAtSpecificity
        SpecificityAtSensitivity binary_focal_crossentropy categorical_focal_crossentropy
        concordance_correlation pearson_correlation
    """,
    "optimizers": """
        Adadelta Adafactor Adagrad AdamW Adamax Ftrl Lamb Lion LossScaleOptimizer
        MultiOptimizer Muon Nadam OptimizerMap ScheduleFreeAdamW deserialize legacy
        schedules serialize
    """,
    "callbacks": """
        BackupAndRestore OrbaxCheckpoint ProgbarLogger RemoteMonitor SwapEMAWeights
        TensorBoard
    """,
    "initializers": """
        IdentityInitializer OrthogonalInitializer STFT STFTInitializer constant
        glorot_normal glorot_uniform he_normal he_uniform identity lecun_normal
        lecun_uniform ones orthogonal random_normal random_uniform stft truncated_normal
        variance_scaling zeros
    """,
    "activations": """
        celu glu hard_shrink hard_swish soft_shrink sparse_plus sparse_sigmoid sparsemax
        squareplus swish tanh_shrink threshold
    """,
    "utils": """
        Config CustomObjectScope FeatureSpace Progbar PyDataset Sequence array_to_img
        audio_dataset_from_directory bounding_boxes clear_session custom_object_scope
        deserialize_keras_object disable_interactive_logging enable_interactive_logging
        get_custom_objects get_file get_registered_name get_registered_object
        get_source_inputs image_dataset_from_directory img_to_array
        is_interactive_logging_enabled is_keras_tensor legacy load_img model_to_dot
        pack_x_y_sample_weight pad_sequences register_keras_serializable save_img
        serialize_keras_object split_dataset standardize_dtype text_dataset_from_directory
        timeseries_dataset_from_array unpack_x_y_sample_weight
    """,
    "models": """
        clone_model model_from_json
    """,
    "datasets": """
        boston_housing california_housing cifar10 cifar100 imdb reuters
    """,
    "backend": """
        backend get_uid image_data_format is_float_dtype is_int_dtype is_keras_tensor
        result_type set_epsilon set_image_data_format standardize_dtype
    """,
    "random": """
        beta binomial categorical dropout gamma
    """,
}

# of layers and models
MEMBERS: Final = """
    add_loss add_metric add_variable build_from_config compute_dtype compute_loss compute_mask
    compute_metrics dtype_policy enable_lora export from_json get_build_config get_compile_config
    get_metrics_result input input_dtype input_spec inputs load_own_variables losses
    make_predict_function make_test_function make_train_function metrics metrics_variables output
    outputs predict_step quantize rematerialized_call save_own_variables stateless_call
    stateless_compute_loss supports_masking symbolic_call test_step to_json train_step
    variable_dtype
"""

SPOKEN: Final[Mapping[str, Mapping[str, str]]] = {  # what lectures say, without blanks and signs
    "activation": {
        "h": "heaviside", "theta": "heaviside", "threshold": "heaviside", "unitstep": "heaviside",
        "signum": "sign", "logistic": "sigmoid", "sigma": "sigmoid", "tansig": "tanh",
        "logsig": "sigmoid", "purelin": "linear", "rectifier": "relu",
        "absolutevalue": "absolute", "softthreshold": "softplus",
    },
    "loss": {
        "sse": "half_squared_error", "sumofsquares": "half_squared_error",
        "sumofsquareserror": "half_squared_error", "squarederror": "half_squared_error",
        "quadratic": "half_squared_error", "halfmse": "half_squared_error",
        "l2": "mean_squared_error", "l1": "mean_absolute_error",
        "negativeloglikelihood": "sparse_categorical_crossentropy",
        "nll": "sparse_categorical_crossentropy", "logloss": "binary_crossentropy",
    },
    "optimizer": {
        "gd": "sgd", "gradientdescent": "sgd", "steepestdescent": "sgd", "delta": "sgd",
        "batchgradientdescent": "sgd with fit(batch_size=len(x))",
        "stochasticgradientdescent": "sgd", "minibatchgradientdescent": "sgd",
        "momentum": "SGD(momentum=0.9)", "heavyball": "SGD(momentum=0.9)",
        "nesterov": "SGD(momentum=0.9, nesterov=True)", "nag": "SGD(momentum=0.9, nesterov=True)",
    },
    "initializer": {
        "xavier": "glorot_uniform", "glorot": "glorot_uniform", "xaviernormal": "glorot_normal",
        "xavieruniform": "glorot_uniform", "he": "he_normal", "kaiming": "he_normal",
        "kaimingnormal": "he_normal", "kaiminguniform": "he_uniform", "lecun": "lecun_normal",
        "gaussian": "random_normal",
    },
    "metric": {
        "error": "accuracy, which is 1 - error", "errorrate": "accuracy, which is 1 - error",
    },
}  # fmt: skip

INSTEAD: Final[Mapping[str, str]] = {
    # of TensorFlow, where slides import it
    "GradientTape": "write nissl.grad(function), or y.backward() and x.grad",
    "cast": "write nissl.astype(x, dtype)",
    "constant": "write nissl.asarray(x)",
    "function": "write nissl.jit",
    "math": "functions of tensors are in nissl itself, such as nissl.exp or nissl.matmul",
    "nn": "write nissl.relu, nissl.softmax and their like, or nissl.activations",
    "reduce_mean": "write nissl.mean",
    "reduce_sum": "write nissl.sum",
    # of Keras
    "ops": "functions of tensors are in nissl itself, such as nissl.exp or nissl.matmul",
    "saving": "files are read and written by nissl.models.load_model and model.save",
    "config": "the dtype of new weights is set by nissl.set_default_float",
    "KerasTensor": "write a Sequential model, or a class derived from nissl.Model",
    "Function": "write a Sequential model, or a class derived from nissl.Model",
    "layers.ReLU": "write nissl.layers.Activation('relu')",
    "layers.ELU": "write nissl.layers.Activation('elu')",
    "layers.LeakyReLU": "write nissl.layers.Activation('leaky_relu')",
    "layers.Softmax": "write nissl.layers.Activation('softmax')",
    "layers.Lambda": "write a class derived from nissl.layers.Layer, with a method call",
    "optimizers.schedules": "set the rate by nissl.callbacks.LearningRateScheduler",
    "callbacks.TensorBoard": "nissl.callbacks.CSVLogger writes what is reported to a table",
    "callbacks.BackupAndRestore": "nissl.callbacks.ModelCheckpoint writes models while training",
}

_OFF = (None, False)
_ANY = (...,)  # means nothing without another argument

# the values with which an argument of Keras's changes nothing
ARGUMENTS: Final[Mapping[str, tuple[Any, ...]]] = {
    **dict.fromkeys(
        (
            *("activity_regularizer", "kernel_regularizer", "bias_regularizer"),
            *("kernel_constraint", "bias_constraint", "lora_rank", "lora_alpha"),
            *("quantization_config", "weights", "sparse", "ragged", "optional", "batch_size"),
            *("input_tensor", "use_ema", "loss_scale_factor", "regularizer", "constraint"),
            *("overwrite_with_gradient", "layout", "skip_mismatch", "loss_weights"),
        ),
        _OFF,
    ),
    "autocast": (None, True),
    "include_optimizer": (None, True),
    "zipped": (None, True),
    "gradient_accumulation_steps": (*_OFF, 1),
    "aggregation": _ANY,  # of several devices' values
    "synchronization": _ANY,
    "ema_momentum": _ANY,
    "ema_overwrite_frequency": _ANY,
}


def is_off(name: str, value: Any) -> bool:
    """Return whether an argument of Keras's that is not here changes nothing, as it is given.

    >>> is_off("kernel_regularizer", None), is_off("kernel_regularizer", "l2"), is_off("k", None)
    (True, False, False)
    """
    neutral = ARGUMENTS.get(name, ())
    return neutral == _ANY or any(type(each) is type(value) and each == value for each in neutral)
